// Landlock and the calls on security modules. Their structures are the same everywhere.
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

NewFd sys_landlock_create_ruleset(Thread& t, GuestPointer attributes, uint32_t size, Flags flags) {
  const uint32_t length = size < guest::kPageSize ? size : guest::kPageSize;
  return guest_result(host_call(SYS_landlock_create_ruleset,
                                readable(t, attributes, length).pointer(), size, flags));
}

CallResult sys_landlock_add_rule(Thread& t, Fd ruleset, uint32_t type, GuestPointer rule,
                                 Flags flags) {
  constexpr uint32_t kPathBeneath = 1, kParentAt = 8;  // struct landlock_path_beneath_attr
  int32_t parent = -1;
  if (type == kPathBeneath && copy_in(rule + kParentAt, parent) &&
      t.process->descriptor_hidden(parent))
    return abi::kEBADF;
  constexpr uint32_t kLongestRule = 16;
  const uint32_t length = type == kPathBeneath ? kParentAt + 4 : kLongestRule;
  return guest_result(
      host_call(SYS_landlock_add_rule, ruleset, type, readable(t, rule, length).pointer(), flags));
}

namespace {

/// The number at a guest's pointer to a size, for the buffer that it tells of.
uint32_t stated_size(uint32_t pointer) {
  uint32_t size = 0;
  static_cast<void>(copy_in(pointer, size));  // the host finds a fault in its turn
  return size;
}

}  // namespace

CallResult sys_lsm_get_self_attr(Thread& t, uint32_t attribute, GuestPointer contexts,
                                 GuestPointer size, Flags flags) {
  return guest_result(host_call(common_call(459), attribute,
                                writable(t, contexts, stated_size(size)).pointer(),
                                writable(t, size, 4).pointer(), flags));
}
CallResult sys_lsm_set_self_attr(Thread& t, uint32_t attribute, GuestPointer context, uint32_t size,
                                 Flags flags) {
  return guest_result(
      host_call(common_call(460), attribute, readable(t, context, size).pointer(), size, flags));
}
CallResult sys_lsm_list_modules(Thread& t, GuestPointer ids, GuestPointer size, Flags flags) {
  return guest_result(host_call(common_call(461), writable(t, ids, stated_size(size)).pointer(),
                                writable(t, size, 4).pointer(), flags));
}

}  // namespace ferry::linux
