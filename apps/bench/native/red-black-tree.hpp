// Mappings in a red-black tree whose links are in the mappings. Written from the textbook: Cormen, Leiserson, Rivest and
// Stein, "Introduction to Algorithms", chapter 13, with its sentinel; `child[side]` instead of two mirrored halves.
#pragma once
#include <cstddef>

#include "mapping.hpp"

class RedBlackTree {
  struct Node : Mapping {
    using Mapping::Mapping;
    Node *parent = nullptr, *child[2] = {nullptr, nullptr};
    bool red = false;
  };

 public:
  using Cursor = Node*;

  RedBlackTree() : nil(0, 0, 0, 0), root(&nil) { nil.parent = nil.child[0] = nil.child[1] = &nil; }
  RedBlackTree(const RedBlackTree&) = delete;
  RedBlackTree& operator=(const RedBlackTree&) = delete;
  ~RedBlackTree() { drop(root); }

  bool is_end(Cursor x) const { return x == &nil; }
  Mapping& at(Cursor x) { return *x; }
  size_t size() const { return count; }
  Cursor first() { return outermost(root, 0); }

  /// Mappings do not overlap: in the order of their addresses they have the order of their ends.
  Cursor first_ending_after(uint64_t addr) {
    Node* found = &nil;
    for (Node* x = root; x != &nil;) {
      if (x->end() > addr) {
        found = x;
        x = x->child[0];
      } else {
        x = x->child[1];
      }
    }
    return found;
  }

  Cursor next(Cursor x) {
    if (x->child[1] != &nil) return outermost(x->child[1], 0);
    Node* up = x->parent;
    for (; up != &nil && x == up->child[1]; up = up->parent) x = up;
    return up;
  }

  Mapping& insert(uint64_t addr, uint64_t range, uint64_t offset, uint32_t obj) {
    Node* z = new Node(addr, range, offset, obj);
    Node *above = &nil, *x = root;
    while (x != &nil) {
      above = x;
      x = x->child[addr > x->addr];
    }
    z->parent = above;
    z->child[0] = z->child[1] = &nil;
    z->red = true;
    if (above == &nil) root = z;
    else above->child[addr > above->addr] = z;
    after_insert(z);
    count++;
    return *z;
  }

  void remove(Cursor z) {
    Node *x, *y = z;
    bool was_red = y->red;
    if (z->child[0] == &nil) {
      x = z->child[1];
      transplant(z, x);
    } else if (z->child[1] == &nil) {
      x = z->child[0];
      transplant(z, x);
    } else {
      y = outermost(z->child[1], 0);
      was_red = y->red;
      x = y->child[1];
      if (y->parent == z) {
        x->parent = y;
      } else {
        transplant(y, x);
        y->child[1] = z->child[1];
        y->child[1]->parent = y;
      }
      transplant(z, y);
      y->child[0] = z->child[0];
      y->child[0]->parent = y;
      y->red = z->red;
    }
    if (!was_red) after_remove(x);
    count--;
    delete z;
  }

 private:
  Node nil;
  Node* root;
  size_t count = 0;

  static bool side_of(const Node* x) { return x == x->parent->child[1]; }

  Node* outermost(Node* x, bool side) {
    while (x->child[side] != &nil) x = x->child[side];
    return x;
  }

  void rotate(Node* x, bool side) {
    Node* y = x->child[!side];
    x->child[!side] = y->child[side];
    if (y->child[side] != &nil) y->child[side]->parent = x;
    transplant(x, y);
    y->child[side] = x;
    x->parent = y;
  }

  void transplant(Node* from, Node* to) {
    if (from->parent == &nil) root = to;
    else from->parent->child[side_of(from)] = to;
    to->parent = from->parent;
  }

  void after_insert(Node* z) {
    while (z->parent->red) {
      Node* above = z->parent->parent;
      const bool side = side_of(z->parent);
      Node* uncle = above->child[!side];
      if (uncle->red) {
        z->parent->red = uncle->red = false;
        above->red = true;
        z = above;
        continue;
      }
      if (side_of(z) != side) {
        z = z->parent;
        rotate(z, side);
      }
      z->parent->red = false;
      above->red = true;
      rotate(above, !side);
    }
    root->red = false;
  }

  void after_remove(Node* x) {
    while (x != root && !x->red) {
      const bool side = side_of(x);
      Node* sibling = x->parent->child[!side];
      if (sibling->red) {
        sibling->red = false;
        x->parent->red = true;
        rotate(x->parent, side);
        sibling = x->parent->child[!side];
      }
      if (!sibling->child[0]->red && !sibling->child[1]->red) {
        sibling->red = true;
        x = x->parent;
        continue;
      }
      if (!sibling->child[!side]->red) {
        sibling->child[side]->red = false;
        sibling->red = true;
        rotate(sibling, !side);
        sibling = x->parent->child[!side];
      }
      sibling->red = x->parent->red;
      x->parent->red = sibling->child[!side]->red = false;
      rotate(x->parent, side);
      x = root;
    }
    x->red = false;
  }

  void drop(Node* x) {
    if (x == &nil) return;
    drop(x->child[0]);
    drop(x->child[1]);
    delete x;
  }
};
