// SPDX-License-Identifier: Apache-2.0
//
// Memory of a module.
//
// A list of free blocks in the order of their addresses. A block begins with a
// header; neighbours that are free become one.

#include "runtime/Wasm/Memory.h"

#include "runtime/Wasm/Message.h"
#include "runtime/include/LaminaModule.h"

/// Where static data and the stack end; the linker knows.
extern "C" unsigned char __heap_base;

namespace lamina::wasm {

namespace {
constexpr uint32_t unit = 128, page = 65536;

struct Block {
  uint32_t bytes; ///< with the header, a multiple of `unit`
  Block *next;    ///< of a free block
};
} // namespace

static Block *firstFree = nullptr;
static uint32_t heapEnd = 0;

static uint32_t addressOf(const void *pointer) {
  return uint32_t(reinterpret_cast<uintptr_t>(pointer));
}

static void putBack(Block *block) {
  Block **link = &firstFree;
  Block *before = nullptr;
  while (*link && *link < block) {
    before = *link;
    link = &before->next;
  }
  block->next = *link;
  *link = block;
  if (block->next &&
      addressOf(block) + block->bytes == addressOf(block->next)) {
    block->bytes += block->next->bytes;
    block->next = block->next->next;
  }
  if (before && addressOf(before) + before->bytes == addressOf(block)) {
    before->bytes += block->bytes;
    before->next = block->next;
  }
}

static void addRange(uint32_t begin, uint32_t end) {
  begin = (begin + unit - 1) / unit * unit;
  end = end / unit * unit;
  if (end <= begin)
    return;
  auto *block = reinterpret_cast<Block *>(uintptr_t(begin));
  block->bytes = end - begin;
  putBack(block);
}

/// The memory behind the module's own data, once, then what the engine adds.
/// The last unit below 4 GiB stays free, so that no end is 0.
static bool grow(uint32_t bytes) {
  if (heapEnd == 0) {
    heapEnd = uint32_t(__builtin_wasm_memory_size(0)) * page;
    addRange(addressOf(&__heap_base), heapEnd);
    return true;
  }
  uint32_t pages = (bytes + page - 1) / page;
  size_t old = __builtin_wasm_memory_grow(0, pages);
  if (old == size_t(-1))
    return false;
  uint64_t end = (uint64_t(old) + pages) * page;
  heapEnd = uint32_t(end == uint64_t(1) << 32 ? end - unit : end);
  addRange(uint32_t(old) * page, heapEnd);
  return true;
}

static Block *take(uint32_t bytes) {
  for (Block **link = &firstFree; *link; link = &(*link)->next) {
    Block *block = *link;
    if (block->bytes < bytes)
      continue;
    if (block->bytes == bytes) {
      *link = block->next;
      return block;
    }
    auto *rest = reinterpret_cast<Block *>(uintptr_t(addressOf(block) + bytes));
    rest->bytes = block->bytes - bytes;
    rest->next = block->next;
    *link = rest;
    block->bytes = bytes;
    return block;
  }
  return nullptr;
}

void *allocate(uint64_t bytes) {
  uint64_t whole = (bytes + 2 * unit - 1) / unit * unit;
  if (bytes >= UINT32_MAX || whole > UINT32_MAX - page)
    return nullptr;
  for (;;) {
    if (Block *block = take(uint32_t(whole)))
      return reinterpret_cast<char *>(block) + unit;
    if (!grow(uint32_t(whole)))
      return nullptr;
  }
}

void release(void *block) {
  if (block)
    putBack(reinterpret_cast<Block *>(static_cast<char *>(block) - unit));
}

void *Reserve::ask(int64_t bytes) {
  if (block && bytes <= capacity)
    return block;
  release(block);
  block = bytes < 0 ? nullptr : allocate(uint64_t(bytes));
  capacity = block ? bytes : 0;
  if (!block)
    Message() << "this call takes " << bytes
              << " bytes of memory at once, which the module does not get";
  return block;
}

} // namespace lamina::wasm

extern "C" {

void *lamina_module_allocate(size_t bytes) {
  return lamina::wasm::allocate(bytes);
}

void lamina_module_release(void *block) { lamina::wasm::release(block); }

// What stands on no stack of a kernel. An object that is linked with a C
// library takes its functions instead.
__attribute__((weak)) void *aligned_alloc(size_t alignment, size_t bytes) {
  return lamina::wasm::allocate(bytes);
}

__attribute__((weak)) void free(void *block) { lamina::wasm::release(block); }
}
