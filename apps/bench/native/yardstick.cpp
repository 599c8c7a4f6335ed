// A yardstick for the core: the workloads of `gpuvm-bench micro` on two structures in C++, with the same checksums.
//
//   g++ -O2 -std=c++17 yardstick.cpp -o yardstick
//   echo red-black-tree replace 10000 1000000 1 0 | ./yardstick
//
// A line is STORE CASE MAPPINGS OPS SEED FULL (0 or 1); the answer: ns, ops, steps, live mappings, the checksums.
#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "address-space.hpp"
#include "ordered-map.hpp"
#include "red-black-tree.hpp"
#include "workload.hpp"

template <class Store>
static bool answer(const Workload& work, bool full) {
  AddressSpace<Store> space(full);
  bool known = true;
  const Timed timed = Run<AddressSpace<Store>>(space, work).go(known);
  const Checksum& sum = space.sum;
  if (known) {
    std::printf("%.0f %" PRIu64 " %" PRIu32 " %zu %08" PRIx32 " %08" PRIx32 "\n", timed.ns, timed.ops, sum.steps,
                space.live(), sum.brief, sum.full);
    std::fflush(stdout);
  }
  return known;
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string store;
    Workload work;
    bool full;
    words >> store >> work.name >> work.n >> work.ops >> work.seed >> full;
    const bool read = bool(words) && work.n > 0;
    if (!(read && ((store == "std::map" && answer<OrderedMap>(work, full)) ||
                   (store == "red-black-tree" && answer<RedBlackTree>(work, full))))) {
      std::cerr << "not understood: " << line << "\n";
      return 2;
    }
  }
}
