// Extended attributes.
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kAttributeName = 256;  // XATTR_NAME_MAX and its NUL

int32_t set_attribute(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size, Flags flags, LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, readable(t, name, kAttributeName).pointer(),
                         readable(t, value, size).pointer(), size, flags);
}
int32_t get_attribute(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size, LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, readable(t, name, kAttributeName).pointer(),
                         writable(t, value, size).pointer(), size);
}
int32_t list_attributes(Thread& t, GuestPath path, GuestPointer list, uint32_t size,
                        LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, writable(t, list, size).pointer(), size);
}

}  // namespace

int32_t sys_setxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value, uint32_t size,
                     Flags flags) {
  return set_attribute(t, path, name, value, size, flags, LastLink::follow, SYS_setxattr);
}
int32_t sys_lsetxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size, Flags flags) {
  return set_attribute(t, path, name, value, size, flags, LastLink::keep, SYS_lsetxattr);
}
int32_t sys_fsetxattr(Thread& t, Fd fd, GuestString name, GuestPointer value, uint32_t size,
                      Flags flags) {
  return guest_result(host_call(SYS_fsetxattr, fd, readable(t, name, kAttributeName).pointer(),
                                readable(t, value, size).pointer(), size, flags));
}
int32_t sys_getxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                     uint32_t size) {
  return get_attribute(t, path, name, value, size, LastLink::follow, SYS_getxattr);
}
int32_t sys_lgetxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size) {
  return get_attribute(t, path, name, value, size, LastLink::keep, SYS_lgetxattr);
}
int32_t sys_fgetxattr(Thread& t, Fd fd, GuestString name, GuestPointer value, uint32_t size) {
  return guest_result(host_call(SYS_fgetxattr, fd, readable(t, name, kAttributeName).pointer(),
                                writable(t, value, size).pointer(), size));
}
int32_t sys_listxattr(Thread& t, GuestPath path, GuestPointer list, uint32_t size) {
  return list_attributes(t, path, list, size, LastLink::follow, SYS_listxattr);
}
int32_t sys_llistxattr(Thread& t, GuestPath path, GuestPointer list, uint32_t size) {
  return list_attributes(t, path, list, size, LastLink::keep, SYS_llistxattr);
}
int32_t sys_flistxattr(Thread& t, Fd fd, GuestPointer list, uint32_t size) {
  return guest_result(host_call(SYS_flistxattr, fd, writable(t, list, size).pointer(), size));
}
int32_t sys_removexattr(Thread& t, GuestPath path, GuestString name) {
  return plain_path_call(t, path, LastLink::follow, SYS_removexattr,
                         readable(t, name, kAttributeName).pointer());
}
int32_t sys_lremovexattr(Thread& t, GuestPath path, GuestString name) {
  return plain_path_call(t, path, LastLink::keep, SYS_lremovexattr,
                         readable(t, name, kAttributeName).pointer());
}
int32_t sys_fremovexattr(Thread& t, Fd fd, GuestString name) {
  return guest_result(host_call(SYS_fremovexattr, fd, readable(t, name, kAttributeName).pointer()));
}

}  // namespace ferry::linux
