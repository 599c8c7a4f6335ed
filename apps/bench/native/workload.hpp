// The requests of the workloads: as src/micro/workload.ts has them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

class XorShift32 {
 public:
  explicit XorShift32(uint32_t seed) : state((seed * 2654435761u) ^ 0x9e3779b9u) {
    if (state == 0) state = 1;
    for (int i = 0; i < 8; i++) next();
  }

  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }

 private:
  uint32_t state;
};

struct Workload {
  std::string name;
  uint32_t n, ops, seed;
};

struct Timed {
  /// CPU time of the process.
  double ns;
  uint64_t ops;
};

template <class Space>
class Run {
 public:
  Run(Space& space, const Workload& work) : space(space), work(work), slots(work.n), a(work.seed), b(work.seed + 1000) {}

  /// @param known false where there is no such case
  Timed go(bool& known) {
    const double start = now();
    populate(slots);
    if (work.name == "insert") return {now() - start, work.n};
    space.sum.reset();
    if (work.name == "hole") return hole();
    const uint64_t even = work.ops - work.ops % 2;
    uint64_t ops = work.ops;
    const double from = now();
    if (work.name == "replace") replace();
    else if (work.name == "split") split(), ops = even;
    else if (work.name == "churn") churn(), ops = even;
    else if (work.name == "find") find();
    else if (work.name == "find-miss") find_miss();
    else if (work.name == "iterate") ops = iterate();
    else known = false;
    return {now() - from, ops};
  }

 private:
  static constexpr uint64_t SLOT = 65536;
  static constexpr uint32_t BATCH = 1000;

  Space& space;
  const Workload& work;
  std::vector<uint32_t> slots;
  XorShift32 a, b;

  static double now() { return double(std::clock()) * (1e9 / CLOCKS_PER_SEC); }

  void map_slot(uint64_t s) { space.map(s * SLOT, SLOT, (s >> 6) * SLOT, 1 + (s & 63)); }

  void populate(std::vector<uint32_t>& into) {
    for (uint32_t& s : into) {
      s = a.next();
      map_slot(s);
    }
  }

  Timed hole() {
    std::vector<uint32_t> batch(BATCH);
    double ns = 0;
    uint64_t done = 0;
    for (; done < work.ops; done += BATCH) {
      const double from = now();
      populate(batch);
      ns += now() - from;
      for (const uint64_t s : batch) space.unmap(s * SLOT, SLOT);
    }
    return {ns, done};
  }

  void replace() {
    for (uint32_t j = 0; j < work.ops; j++) {
      const uint64_t s = slots[b.next() % work.n];
      space.map(s * SLOT, SLOT, (s >> 6) * SLOT, 1 + ((s + j) & 63));
    }
  }

  void split() {
    for (uint32_t j = 0; j + 1 < work.ops; j += 2) {
      const uint64_t s = slots[b.next() % work.n];
      space.map(s * SLOT + SLOT / 4, SLOT / 2, (s >> 6) * SLOT, 1 + ((s + 1) & 63));
      map_slot(s);
    }
  }

  void churn() {
    for (uint32_t j = 0; j + 1 < work.ops; j += 2) {
      uint32_t& slot = slots[b.next() % work.n];
      space.unmap(slot * SLOT, SLOT);
      slot = a.next();
      map_slot(slot);
    }
  }

  void find() {
    for (uint32_t j = 0; j < work.ops; j++) {
      const uint32_t r = b.next();
      space.find(slots[r % work.n] * SLOT + uint64_t(r >> 28) * 4096, 4096);
    }
  }

  void find_miss() {
    uint32_t misses = 0;
    for (uint32_t j = 0; j < work.ops; j++) misses += !space.find(a.next() * SLOT, SLOT);
    space.sum.take(misses);
  }

  uint64_t iterate() {
    const uint64_t passes = std::max<uint64_t>(1, work.ops / work.n);
    for (uint64_t i = 0; i < passes; i++) space.walk();
    return passes * (uint64_t(work.n) + 1);
  }
};
