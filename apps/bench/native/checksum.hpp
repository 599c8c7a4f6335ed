// The checksums of the workloads: as src/micro/checksum.ts has them.
#pragma once
#include <cstdint>

struct Piece {
  bool there = false;
  uint64_t addr = 0, range = 0, offset = 0;
};

class Checksum {
 public:
  explicit Checksum(bool wants_full) : wants_full(wants_full) {}

  const bool wants_full;
  uint32_t steps = 0, brief = START, full = START;

  void reset() {
    steps = 0;
    brief = full = START;
  }

  void take(uint32_t v) { brief = (brief ^ v) * PRIME; }

  void full_word(uint32_t v) { full = (full ^ v) * PRIME; }

  void full_long(uint64_t v) {
    full_word(uint32_t(v));
    full_word(uint32_t(v >> 32));
  }

  void full_piece(const Piece& p) {
    full_word(p.there);
    if (!p.there) return;
    full_long(p.addr);
    full_long(p.range);
    full_long(p.offset);
  }

 private:
  static constexpr uint32_t START = 2166136261u, PRIME = 16777619u;
};

/// The number of a page, as far as the checksum takes it.
inline uint32_t page(uint64_t addr) { return uint32_t(addr >> 12); }
