// Names of sockets' families, types, levels, options and flags, and of terminals' settings, as i386
// has their values (include/linux/socket.h, include/uapi/asm-generic/{socket,ioctls,termbits}.h,
// include/uapi/linux).
#pragma once

#include "linux/abi/i386/name_table.hpp"

namespace ferry::linux::abi {

inline constexpr NamedValue kFamilyRows[] = {
    {0, "AF_UNSPEC"},      {1, "AF_UNIX"},      {2, "AF_INET"},      {3, "AF_AX25"},
    {4, "AF_IPX"},         {5, "AF_APPLETALK"}, {6, "AF_NETROM"},    {7, "AF_BRIDGE"},
    {8, "AF_ATMPVC"},      {9, "AF_X25"},       {10, "AF_INET6"},    {11, "AF_ROSE"},
    {12, "AF_DECnet"},     {13, "AF_NETBEUI"},  {14, "AF_SECURITY"}, {15, "AF_KEY"},
    {16, "AF_NETLINK"},    {17, "AF_PACKET"},   {18, "AF_ASH"},      {19, "AF_ECONET"},
    {20, "AF_ATMSVC"},     {21, "AF_RDS"},      {22, "AF_SNA"},      {23, "AF_IRDA"},
    {24, "AF_PPPOX"},      {25, "AF_WANPIPE"},  {26, "AF_LLC"},      {27, "AF_IB"},
    {28, "AF_MPLS"},       {29, "AF_CAN"},      {30, "AF_TIPC"},     {31, "AF_BLUETOOTH"},
    {32, "AF_IUCV"},       {33, "AF_RXRPC"},    {34, "AF_ISDN"},     {35, "AF_PHONET"},
    {36, "AF_IEEE802154"}, {37, "AF_CAIF"},     {38, "AF_ALG"},      {39, "AF_NFC"},
    {40, "AF_VSOCK"},      {41, "AF_KCM"},      {42, "AF_QIPCRTR"},  {43, "AF_SMC"},
    {44, "AF_XDP"},        {45, "AF_MCTP"}};
inline constexpr NameTable kFamilies{kFamilyRows, "AF_???"};
inline constexpr NamedValue kSocketTypeRows[] = {
    {1, "SOCK_STREAM"},    {2, "SOCK_DGRAM"}, {3, "SOCK_RAW"},    {4, "SOCK_RDM"},
    {5, "SOCK_SEQPACKET"}, {6, "SOCK_DCCP"},  {10, "SOCK_PACKET"}};
inline constexpr NameTable kSocketTypes{kSocketTypeRows, "SOCK_???"};
inline constexpr NamedValue kSocketFlagRows[] = {{02000000, "SOCK_CLOEXEC"},
                                                 {04000, "SOCK_NONBLOCK"}};
inline constexpr NameTable kSocketFlags{kSocketFlagRows, "SOCK_???"};
inline constexpr NamedValue kIpProtocolRows[] = {
    {0, "IPPROTO_IP"},      {1, "IPPROTO_ICMP"},       {2, "IPPROTO_IGMP"},
    {4, "IPPROTO_IPIP"},    {6, "IPPROTO_TCP"},        {8, "IPPROTO_EGP"},
    {12, "IPPROTO_PUP"},    {17, "IPPROTO_UDP"},       {22, "IPPROTO_IDP"},
    {29, "IPPROTO_TP"},     {33, "IPPROTO_DCCP"},      {41, "IPPROTO_IPV6"},
    {46, "IPPROTO_RSVP"},   {47, "IPPROTO_GRE"},       {50, "IPPROTO_ESP"},
    {51, "IPPROTO_AH"},     {58, "IPPROTO_ICMPV6"},    {92, "IPPROTO_MTP"},
    {94, "IPPROTO_BEETPH"}, {98, "IPPROTO_ENCAP"},     {103, "IPPROTO_PIM"},
    {108, "IPPROTO_COMP"},  {132, "IPPROTO_SCTP"},     {136, "IPPROTO_UDPLITE"},
    {137, "IPPROTO_MPLS"},  {143, "IPPROTO_ETHERNET"}, {255, "IPPROTO_RAW"},
    {262, "IPPROTO_MPTCP"}};
inline constexpr NameTable kIpProtocols{kIpProtocolRows, "IPPROTO_???"};
inline constexpr NamedValue kNetlinkRows[] = {
    {0, "NETLINK_ROUTE"},       {1, "NETLINK_UNUSED"},
    {2, "NETLINK_USERSOCK"},    {3, "NETLINK_FIREWALL"},
    {4, "NETLINK_SOCK_DIAG"},   {5, "NETLINK_NFLOG"},
    {6, "NETLINK_XFRM"},        {7, "NETLINK_SELINUX"},
    {8, "NETLINK_ISCSI"},       {9, "NETLINK_AUDIT"},
    {10, "NETLINK_FIB_LOOKUP"}, {11, "NETLINK_CONNECTOR"},
    {12, "NETLINK_NETFILTER"},  {13, "NETLINK_IP6_FW"},
    {14, "NETLINK_DNRTMSG"},    {15, "NETLINK_KOBJECT_UEVENT"},
    {16, "NETLINK_GENERIC"},    {18, "NETLINK_SCSITRANSPORT"},
    {19, "NETLINK_ECRYPTFS"},   {20, "NETLINK_RDMA"},
    {21, "NETLINK_CRYPTO"},     {22, "NETLINK_SMC"}};
inline constexpr NameTable kNetlinkProtocols{kNetlinkRows, "NETLINK_???"};

inline constexpr NamedValue kSocketLevelRows[] = {
    {0, "SOL_IP"},          {1, "SOL_SOCKET"},  {6, "SOL_TCP"},       {17, "SOL_UDP"},
    {41, "SOL_IPV6"},       {58, "SOL_ICMPV6"}, {132, "SOL_SCTP"},    {136, "SOL_UDPLITE"},
    {255, "SOL_RAW"},       {256, "SOL_IPX"},   {257, "SOL_AX25"},    {263, "SOL_PACKET"},
    {264, "SOL_ATM"},       {268, "SOL_LLC"},   {270, "SOL_NETLINK"}, {271, "SOL_TIPC"},
    {274, "SOL_BLUETOOTH"}, {279, "SOL_ALG"},   {282, "SOL_TLS"},     {283, "SOL_XDP"},
    {284, "SOL_MPTCP"},     {285, "SOL_MCTP"},  {286, "SOL_SMC"}};
inline constexpr NameTable kSocketLevels{kSocketLevelRows, "SOL_??"};
inline constexpr NamedValue kSocketOptionRows[] = {
#define SOCKET_OPTION(NUMBER, NAME) {NUMBER, #NAME},
#include "linux/abi/i386/socket_options.inc"
#undef SOCKET_OPTION
};
inline constexpr NameTable kSocketOptions{kSocketOptionRows, "SO_???"};
inline constexpr NamedValue kIpOptionRows[] = {{1, "IP_TOS"},
                                               {2, "IP_TTL"},
                                               {3, "IP_HDRINCL"},
                                               {4, "IP_OPTIONS"},
                                               {5, "IP_ROUTER_ALERT"},
                                               {6, "IP_RECVOPTS"},
                                               {7, "IP_RETOPTS"},
                                               {8, "IP_PKTINFO"},
                                               {9, "IP_PKTOPTIONS"},
                                               {10, "IP_MTU_DISCOVER"},
                                               {11, "IP_RECVERR"},
                                               {12, "IP_RECVTTL"},
                                               {13, "IP_RECVTOS"},
                                               {14, "IP_MTU"},
                                               {15, "IP_FREEBIND"},
                                               {16, "IP_IPSEC_POLICY"},
                                               {17, "IP_XFRM_POLICY"},
                                               {18, "IP_PASSSEC"},
                                               {19, "IP_TRANSPARENT"},
                                               {20, "IP_ORIGDSTADDR"},
                                               {21, "IP_MINTTL"},
                                               {22, "IP_NODEFRAG"},
                                               {23, "IP_CHECKSUM"},
                                               {24, "IP_BIND_ADDRESS_NO_PORT"},
                                               {25, "IP_RECVFRAGSIZE"},
                                               {26, "IP_RECVERR_RFC4884"},
                                               {32, "IP_MULTICAST_IF"},
                                               {33, "IP_MULTICAST_TTL"},
                                               {34, "IP_MULTICAST_LOOP"},
                                               {35, "IP_ADD_MEMBERSHIP"},
                                               {36, "IP_DROP_MEMBERSHIP"},
                                               {49, "IP_MULTICAST_ALL"},
                                               {50, "IP_UNICAST_IF"}};
inline constexpr NameTable kIpOptions{kIpOptionRows, "IP_???"};
inline constexpr NamedValue kIpv6OptionRows[] = {{1, "IPV6_ADDRFORM"},
                                                 {2, "IPV6_2292PKTINFO"},
                                                 {3, "IPV6_2292HOPOPTS"},
                                                 {4, "IPV6_2292DSTOPTS"},
                                                 {5, "IPV6_2292RTHDR"},
                                                 {6, "IPV6_2292PKTOPTIONS"},
                                                 {7, "IPV6_CHECKSUM"},
                                                 {8, "IPV6_2292HOPLIMIT"},
                                                 {9, "IPV6_NEXTHOP"},
                                                 {11, "IPV6_FLOWINFO"},
                                                 {16, "IPV6_UNICAST_HOPS"},
                                                 {17, "IPV6_MULTICAST_IF"},
                                                 {18, "IPV6_MULTICAST_HOPS"},
                                                 {19, "IPV6_MULTICAST_LOOP"},
                                                 {20, "IPV6_ADD_MEMBERSHIP"},
                                                 {21, "IPV6_DROP_MEMBERSHIP"},
                                                 {22, "IPV6_ROUTER_ALERT"},
                                                 {23, "IPV6_MTU_DISCOVER"},
                                                 {24, "IPV6_MTU"},
                                                 {25, "IPV6_RECVERR"},
                                                 {26, "IPV6_V6ONLY"},
                                                 {27, "IPV6_JOIN_ANYCAST"},
                                                 {28, "IPV6_LEAVE_ANYCAST"},
                                                 {49, "IPV6_RECVPKTINFO"},
                                                 {50, "IPV6_PKTINFO"},
                                                 {51, "IPV6_RECVHOPLIMIT"},
                                                 {52, "IPV6_HOPLIMIT"},
                                                 {66, "IPV6_RECVTCLASS"},
                                                 {67, "IPV6_TCLASS"},
                                                 {70, "IPV6_AUTOFLOWLABEL"},
                                                 {72, "IPV6_ADDR_PREFERENCES"}};
inline constexpr NameTable kIpv6Options{kIpv6OptionRows, "IPV6_???"};
inline constexpr NamedValue kTcpOptionRows[] = {{1, "TCP_NODELAY"},
                                                {2, "TCP_MAXSEG"},
                                                {3, "TCP_CORK"},
                                                {4, "TCP_KEEPIDLE"},
                                                {5, "TCP_KEEPINTVL"},
                                                {6, "TCP_KEEPCNT"},
                                                {7, "TCP_SYNCNT"},
                                                {8, "TCP_LINGER2"},
                                                {9, "TCP_DEFER_ACCEPT"},
                                                {10, "TCP_WINDOW_CLAMP"},
                                                {11, "TCP_INFO"},
                                                {12, "TCP_QUICKACK"},
                                                {13, "TCP_CONGESTION"},
                                                {14, "TCP_MD5SIG"},
                                                {16, "TCP_THIN_LINEAR_TIMEOUTS"},
                                                {17, "TCP_THIN_DUPACK"},
                                                {18, "TCP_USER_TIMEOUT"},
                                                {19, "TCP_REPAIR"},
                                                {23, "TCP_FASTOPEN"},
                                                {24, "TCP_TIMESTAMP"},
                                                {25, "TCP_NOTSENT_LOWAT"},
                                                {26, "TCP_CC_INFO"},
                                                {30, "TCP_FASTOPEN_CONNECT"},
                                                {31, "TCP_ULP"}};
inline constexpr NameTable kTcpOptions{kTcpOptionRows, "TCP_???"};
inline constexpr NamedValue kUdpOptionRows[] = {
    {1, "UDP_CORK"},           {100, "UDP_ENCAP"},   {101, "UDP_NO_CHECK6_TX"},
    {102, "UDP_NO_CHECK6_RX"}, {103, "UDP_SEGMENT"}, {104, "UDP_GRO"}};
inline constexpr NameTable kUdpOptions{kUdpOptionRows, "UDP_???"};
inline constexpr NamedValue kNetlinkOptionRows[] = {
    {1, "NETLINK_ADD_MEMBERSHIP"},  {2, "NETLINK_DROP_MEMBERSHIP"}, {3, "NETLINK_PKTINFO"},
    {4, "NETLINK_BROADCAST_ERROR"}, {5, "NETLINK_NO_ENOBUFS"},      {9, "NETLINK_LIST_MEMBERSHIPS"},
    {10, "NETLINK_CAP_ACK"},        {11, "NETLINK_EXT_ACK"},        {12, "NETLINK_GET_STRICT_CHK"}};
inline constexpr NameTable kNetlinkOptions{kNetlinkOptionRows, "NETLINK_???"};
inline constexpr NamedValue kMsgRows[] = {{1, "MSG_OOB"},
                                          {2, "MSG_PEEK"},
                                          {4, "MSG_DONTROUTE"},
                                          {8, "MSG_CTRUNC"},
                                          {0x10, "MSG_PROBE"},
                                          {0x20, "MSG_TRUNC"},
                                          {0x40, "MSG_DONTWAIT"},
                                          {0x80, "MSG_EOR"},
                                          {0x100, "MSG_WAITALL"},
                                          {0x200, "MSG_FIN"},
                                          {0x400, "MSG_SYN"},
                                          {0x800, "MSG_CONFIRM"},
                                          {0x1000, "MSG_RST"},
                                          {0x2000, "MSG_ERRQUEUE"},
                                          {0x4000, "MSG_NOSIGNAL"},
                                          {0x8000, "MSG_MORE"},
                                          {0x10000, "MSG_WAITFORONE"},
                                          {0x20000, "MSG_SENDPAGE_NOTLAST"},
                                          {0x40000, "MSG_BATCH"},
                                          {0x4000000, "MSG_ZEROCOPY"},
                                          {0x20000000, "MSG_FASTOPEN"},
                                          {0x40000000, "MSG_CMSG_CLOEXEC"}};
inline constexpr NameTable kMsgFlags{kMsgRows, "MSG_???"};
inline constexpr NamedValue kShutdownRows[] = {{0, "SHUT_RD"}, {1, "SHUT_WR"}, {2, "SHUT_RDWR"}};
inline constexpr NameTable kShutdowns{kShutdownRows, "SHUT_???"};
inline constexpr NamedValue kControlRows[] = {
    {1, "SCM_RIGHTS"},        {2, "SCM_CREDENTIALS"},     {3, "SCM_SECURITY"},
    {29, "SO_TIMESTAMP_OLD"}, {35, "SO_TIMESTAMPNS_OLD"}, {37, "SO_TIMESTAMPING_OLD"}};
inline constexpr NameTable kControlTypes{kControlRows, "SCM_???"};

// --- struct termios ------------------------------------------------------------------------------
inline constexpr NamedValue kTermIosInputRows[] = {
    {0001, "IGNBRK"}, {0002, "BRKINT"}, {0004, "IGNPAR"},  {0010, "PARMRK"},    {0020, "INPCK"},
    {0040, "ISTRIP"}, {0100, "INLCR"},  {0200, "IGNCR"},   {0400, "ICRNL"},     {01000, "IUCLC"},
    {02000, "IXON"},  {04000, "IXANY"}, {010000, "IXOFF"}, {020000, "IMAXBEL"}, {040000, "IUTF8"}};
inline constexpr NameTable kTermIosInput{kTermIosInputRows, nullptr};
inline constexpr NamedValue kTermIosOutputRows[] = {
    {0001, "OPOST"}, {0002, "OLCUC"},  {0004, "ONLCR"}, {0010, "OCRNL"},
    {0020, "ONOCR"}, {0040, "ONLRET"}, {0100, "OFILL"}, {0200, "OFDEL"}};
inline constexpr NameTable kTermIosOutput{kTermIosOutputRows, nullptr};
inline constexpr NamedValue kTermIosLocalRows[] = {
    {0001, "ISIG"},    {0002, "ICANON"},    {0004, "XCASE"},    {0010, "ECHO"},
    {0020, "ECHOE"},   {0040, "ECHOK"},     {0100, "ECHONL"},   {0200, "NOFLSH"},
    {0400, "TOSTOP"},  {0100000, "IEXTEN"}, {01000, "ECHOCTL"}, {02000, "ECHOPRT"},
    {04000, "ECHOKE"}, {010000, "FLUSHO"},  {040000, "PENDIN"}, {0200000, "EXTPROC"}};
inline constexpr NameTable kTermIosLocal{kTermIosLocalRows, nullptr};
inline constexpr NamedValue kTermIosControlRows[] = {
    {0100, "CSTOPB"}, {0200, "CREAD"},   {0400, "PARENB"},         {01000, "PARODD"},
    {02000, "HUPCL"}, {04000, "CLOCAL"}, {010000000000, "CMSPAR"}, {020000000000, "CRTSCTS"}};
inline constexpr NameTable kTermIosControl{kTermIosControlRows, nullptr};
inline constexpr NamedValue kBaudRows[] = {{0, "B0"},
                                           {1, "B50"},
                                           {2, "B75"},
                                           {3, "B110"},
                                           {4, "B134"},
                                           {5, "B150"},
                                           {6, "B200"},
                                           {7, "B300"},
                                           {8, "B600"},
                                           {9, "B1200"},
                                           {10, "B1800"},
                                           {11, "B2400"},
                                           {12, "B4800"},
                                           {13, "B9600"},
                                           {14, "B19200"},
                                           {15, "B38400"},
                                           {010000, "BOTHER"},
                                           {010001, "B57600"},
                                           {010002, "B115200"},
                                           {010003, "B230400"},
                                           {010004, "B460800"},
                                           {010005, "B500000"},
                                           {010006, "B576000"},
                                           {010007, "B921600"},
                                           {010010, "B1000000"},
                                           {010011, "B1152000"},
                                           {010012, "B1500000"},
                                           {010013, "B2000000"},
                                           {010014, "B2500000"},
                                           {010015, "B3000000"},
                                           {010016, "B3500000"},
                                           {010017, "B4000000"}};
inline constexpr NameTable kBauds{kBaudRows, "B???"};

}  // namespace ferry::linux::abi
