// A mapping, and the list of an object's mappings, whose links are in the mappings.
#pragma once
#include <cstdint>

struct Mapping {
  uint64_t addr, range, offset;
  /// Number of the object; 0: none, which is the reserved mapping.
  uint32_t obj;
  Mapping *before = nullptr, *after = nullptr;

  Mapping(uint64_t addr, uint64_t range, uint64_t offset, uint32_t obj)
      : addr(addr), range(range), offset(offset), obj(obj) {}

  uint64_t end() const { return addr + range; }
};

struct Object {
  Mapping* first = nullptr;

  void link(Mapping& m) {
    m.before = nullptr;
    m.after = first;
    if (first) first->before = &m;
    first = &m;
  }

  void unlink(Mapping& m) {
    if (m.before) m.before->after = m.after;
    else first = m.after;
    if (m.after) m.after->before = m.before;
  }
};
