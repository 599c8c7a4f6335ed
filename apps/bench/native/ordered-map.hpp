// Mappings in a std::map by address.
#pragma once
#include <iterator>
#include <map>

#include "mapping.hpp"

class OrderedMap {
 public:
  using Cursor = std::map<uint64_t, Mapping>::iterator;

  bool is_end(Cursor c) const { return c == map.end(); }
  Mapping& at(Cursor c) { return c->second; }
  size_t size() const { return map.size(); }
  Cursor first() { return map.begin(); }
  Cursor next(Cursor c) { return std::next(c); }

  Cursor first_ending_after(uint64_t addr) {
    const Cursor above = map.upper_bound(addr);
    if (above == map.begin()) return above;
    const Cursor below = std::prev(above);
    return below->second.end() > addr ? below : above;
  }

  Mapping& insert(uint64_t addr, uint64_t range, uint64_t offset, uint32_t obj) {
    return map.try_emplace(addr, addr, range, offset, obj).first->second;
  }

  void remove(Cursor c) { map.erase(c); }

 private:
  std::map<uint64_t, Mapping> map;
};
