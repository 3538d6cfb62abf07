// Keys. Which arguments of keyctl are pointers is what security/keys/compat.c says.
#include <algorithm>
#include <array>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

/// The longest text that any of the calls takes: a page (strndup_user), which is the host's to
/// check.
constexpr uint32_t kLongestText = guest::kPageSize;

/// What an argument of keyctl is.
enum class Part : uint8_t {
  number,
  text,
  in,   ///< pointer to bytes that the kernel reads, as many as the next argument says
  out,  ///< pointer to bytes that the kernel writes, as many as the next argument says
  error,
};
constexpr Part kNumber = Part::number, kText = Part::text, kIn = Part::in, kOut = Part::out;

/// Second to fifth argument of each command, KEYCTL_GET_KEYRING_ID (0) to KEYCTL_WATCH_KEY (32), of
/// those that need no more than this.
constexpr std::array<std::array<Part, 4>, 33> kParts = [] {
  std::array<std::array<Part, 4>, 33> parts{};
  parts[1] = {kText};                           // JOIN_SESSION_KEYRING
  parts[2] = {kNumber, kIn};                    // UPDATE
  parts[6] = {kNumber, kOut};                   // DESCRIBE
  parts[10] = {kNumber, kText, kText};          // SEARCH
  parts[11] = {kNumber, kOut};                  // READ
  parts[12] = {kNumber, kIn};                   // INSTANTIATE
  parts[17] = {kNumber, kOut};                  // GET_SECURITY
  parts[19] = {kNumber, kNumber, Part::error};  // REJECT
  parts[29] = {kNumber, kText, kText};          // RESTRICT_KEYRING
  parts[31] = {kOut};                           // CAPABILITIES
  return parts;
}();

using Words = std::array<uint32_t, 5>;  ///< the last one is 0: what follows keyctl's arguments

CallResult simple_command(Thread& t, int32_t command, const Words& words) {
  std::array<long, 4> host{};
  std::vector<GuestBuffer> buffers;
  buffers.reserve(host.size());
  for (size_t i = 0; i < host.size(); ++i) {
    const uint32_t word = words[i];
    const Part part = command >= 0 && static_cast<size_t>(command) < kParts.size()
                          ? kParts[static_cast<size_t>(command)][i]
                          : Part::number;
    if (part == Part::number || part == Part::error) {
      host[i] = part == Part::number ? static_cast<int32_t>(word)
                                     : errno_to_host(static_cast<int32_t>(word));
      continue;
    }
    const uint32_t length = part == Part::text ? kLongestText : words[i + 1];
    buffers.push_back(part == Part::out ? writable(t, word, length) : readable(t, word, length));
    host[i] = detail::to_word(buffers.back().pointer());
  }
  return blocking_call(t, SYS_keyctl, command, host[0], host[1], host[2], host[3]);
}

/// KEYCTL_INSTANTIATE_IOV: key, vectors, their number, keyring.
CallResult instantiate_by_vectors(Thread& t, int32_t command, const Words& words) {
  HostVectors vectors;
  if (words[1] == 0)
    return guest_result(host_call(SYS_keyctl, command, words[0], nullptr, 0, words[3]));
  vectors.load(t, words[1], words[2], false);
  if (vectors.error != kOk) return vectors.error;
  return guest_result(host_call(SYS_keyctl, command, static_cast<int32_t>(words[0]),
                                vectors.entries, vectors.count, static_cast<int32_t>(words[3])));
}

/// KEYCTL_DH_COMPUTE: three keys, a buffer, its size, how to derive a key (struct
/// keyctl_kdf_params).
CallResult compute_secret(Thread& t, int32_t command, const Words& words) {
  struct Derivation {
    uint32_t hash_name, other_info, other_length, spare[8];
  } guest{};
  struct HostDerivation {
    const void* hash_name;
    const void* other_info;
    uint32_t other_length, spare[8];
  } host{};
  constexpr uint32_t kKeys = 12;
  const GuestBuffer keys = readable(t, words[0], kKeys);
  const GuestBuffer secret = writable(t, words[1], words[2]);
  const auto compute = [&](const void* derivation) {
    return guest_result(
        host_call(SYS_keyctl, command, keys.pointer(), secret.pointer(), words[2], derivation));
  };
  // A pointer that is null or leads nowhere is the host's to judge.
  if (!copy_in(words[3], guest)) return compute(guest::host_pointer(words[3]));
  const GuestBuffer name = readable(t, guest.hash_name, kLongestText);
  const GuestBuffer info = readable(t, guest.other_info, guest.other_length);
  host = {name.pointer(), info.pointer(), guest.other_length, {}};
  std::copy_n(guest.spare, 8, host.spare);
  return compute(&host);
}

/// KEYCTL_PKEY_QUERY to KEYCTL_PKEY_VERIFY. All begin with a key or the structure that names it.
CallResult use_public_key(Thread& t, int32_t command, const Words& words) {
  constexpr int32_t kQuery = 24, kVerify = 28;
  struct Parameters {  // struct keyctl_pkey_params, the same everywhere
    int32_t key;
    uint32_t in_length, second_length, spare[7];
  } parameters{};
  if (command == kQuery) {
    constexpr uint32_t kAnswer = 56;  // struct keyctl_pkey_query
    return guest_result(host_call(SYS_keyctl, command, static_cast<int32_t>(words[0]), words[1],
                                  readable(t, words[2], kLongestText).pointer(),
                                  writable(t, words[3], kAnswer).pointer()));
  }
  static_cast<void>(copy_in(words[0], parameters));
  const GuestBuffer in = readable(t, words[2], parameters.in_length);
  const GuestBuffer second = command == kVerify ? readable(t, words[3], parameters.second_length)
                                                : writable(t, words[3], parameters.second_length);
  return guest_result(
      host_call(SYS_keyctl, command, readable(t, words[0], sizeof parameters).pointer(),
                readable(t, words[1], kLongestText).pointer(), in.pointer(), second.pointer()));
}

}  // namespace

CallResult sys_add_key(Thread& t, GuestString type, GuestString description, GuestPointer payload,
                       uint32_t length, int32_t keyring) {
  return guest_result(host_call(SYS_add_key, readable(t, type, kLongestText).pointer(),
                                readable(t, description, kLongestText).pointer(),
                                readable(t, payload, length).pointer(), length, keyring));
}

CallResult sys_request_key(Thread& t, GuestString type, GuestString description,
                           GuestString information, int32_t keyring) {
  const GuestBuffer host_type = readable(t, type, kLongestText);
  const GuestBuffer host_description = readable(t, description, kLongestText);
  const GuestBuffer host_information = readable(t, information, kLongestText);
  return blocking_call(t, SYS_request_key, host_type.pointer(), host_description.pointer(),
                       host_information.pointer(), keyring);
}

CallResult sys_keyctl(Thread& t, int32_t command, Word second, Word third, Word fourth,
                      Word fifth) {
  constexpr int32_t kInstantiateIov = 20, kComputeSecret = 23, kFirstPublic = 24, kLastPublic = 28;
  const Words words{second, third, fourth, fifth, 0};
  if (command == kInstantiateIov) return instantiate_by_vectors(t, command, words);
  if (command == kComputeSecret) return compute_secret(t, command, words);
  if (command >= kFirstPublic && command <= kLastPublic) return use_public_key(t, command, words);
  return simple_command(t, command, words);
}

}  // namespace ferry::linux
