// Split and merge on top of an ordered structure: the same steps as the core's.
#pragma once
#include "checksum.hpp"
#include "mapping.hpp"

template <class Store>
class AddressSpace {
 public:
  Checksum sum;

  explicit AddressSpace(bool wants_full) : sum(wants_full) { store.insert(0, 65536, 0, 0); }

  void map(uint64_t addr, uint64_t range, uint64_t offset, uint32_t obj) {
    clear(addr, addr + range, offset, obj);
    sum.steps++;
    sum.take(page(addr) + 1);
    if (sum.wants_full) full(1, addr, range, obj, offset);
    add(addr, range, offset, obj);
  }

  void unmap(uint64_t addr, uint64_t range) { clear(addr, addr + range, 0, 0); }

  bool find(uint64_t addr, uint64_t range) {
    const auto c = store.first_ending_after(addr);
    if (store.is_end(c) || store.at(c).addr >= addr + range) return false;
    sum.take(page(store.at(c).addr));
    return true;
  }

  void walk() {
    for (auto c = store.first(); !store.is_end(c); c = store.next(c)) sum.take(page(store.at(c).addr));
  }

  size_t live() const { return store.size() - 1; }

 private:
  Store store;
  Object objects[65];

  void add(uint64_t addr, uint64_t range, uint64_t offset, uint32_t obj) {
    objects[obj].link(store.insert(addr, range, offset, obj));
  }

  void clear(uint64_t addr, uint64_t end, uint64_t offset, uint32_t obj) {
    for (auto c = store.first_ending_after(addr); !store.is_end(c) && store.at(c).addr < end;) {
      const auto next = store.next(c);
      cut(c, addr, end, offset, obj);
      c = next;
    }
  }

  void cut(typename Store::Cursor c, uint64_t addr, uint64_t end, uint64_t offset, uint32_t obj) {
    Mapping& old = store.at(c);
    const bool keep = obj != 0 && old.obj == obj && old.offset - old.addr == offset - addr;
    const uint32_t obj_then = old.obj;
    sum.steps++;
    if (old.addr >= addr && old.end() <= end) {
      sum.take(page(old.addr) + (keep ? 4 : 3));
      if (sum.wants_full) full_old(3, old, keep);
      take_out(c);
      return;
    }
    Piece prev, next;
    if (old.addr < addr) prev = {true, old.addr, addr - old.addr, old.offset};
    if (old.end() > end) next = {true, end, old.end() - end, old.offset + (end - old.addr)};
    sum.take(page(old.addr) + 2);
    if (prev.there) sum.take(page(prev.range));
    if (next.there) sum.take(page(next.addr));
    if (sum.wants_full) {
      full_old(2, old, keep);
      sum.full_piece(prev);
      sum.full_piece(next);
    }
    take_out(c);
    if (prev.there) add(prev.addr, prev.range, prev.offset, obj_then);
    if (next.there) add(next.addr, next.range, next.offset, obj_then);
  }

  void take_out(typename Store::Cursor c) {
    Mapping& old = store.at(c);
    objects[old.obj].unlink(old);
    store.remove(c);
  }

  void full(uint32_t kind, uint64_t addr, uint64_t range, uint32_t obj, uint64_t offset) {
    sum.full_word(kind);
    sum.full_long(addr);
    sum.full_long(range);
    sum.full_word(obj);
    sum.full_long(offset);
  }

  void full_old(uint32_t kind, const Mapping& old, bool keep) {
    full(kind, old.addr, old.range, old.obj, old.offset);
    sum.full_word(keep);
  }
};
