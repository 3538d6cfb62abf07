// Two graphics cards: vgem, which has buffers only, and bochs, which has a screen.
//EXPECT: vgem: 0
//EXPECT: bochs-drm: 0
//EXPECT: pixels 1
//EXPECT: shown: 0
#include "device.h"
#include <drm/drm.h>
#include <drm/drm_fourcc.h>

static int card(int number) {
  char path[32], name[32] = "", date[2] = "", about[64] = "";
  snprintf(path, sizeof path, "/dev/dri/card%d", number);
  int fd = device(path, O_RDWR | O_CLOEXEC);
  struct drm_version version = {.name_len = sizeof name - 1, .name = name, .date_len = 1, .date = date,
                                .desc_len = sizeof about - 1, .desc = about};
  long result = ioctl(fd, DRM_IOCTL_VERSION, &version);
  printf("%s: %s %d.%d %s %d %d\n", name, said(result), version.version_major, version.version_minor, about,
         (int)version.name_len, (int)version.date_len);
  struct drm_unique unique = {0, NULL};
  struct drm_client client = {.idx = 0};
  printf("unique: %s", said(ioctl(fd, DRM_IOCTL_GET_UNIQUE, &unique)));
  printf(" client %s", said(ioctl(fd, DRM_IOCTL_GET_CLIENT, &client)));
  printf(" %d\n", client.pid == (unsigned long)getpid());
  for (int what = DRM_CAP_DUMB_BUFFER; what <= DRM_CAP_PRIME; ++what) {
    struct drm_get_cap capability = {.capability = (unsigned)what};
    printf("%s=", said(ioctl(fd, DRM_IOCTL_GET_CAP, &capability)));
    printf("%d ", (int)capability.value);
  }
  struct drm_set_client_cap planes = {DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1};
  printf("planes %s\n", said(ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &planes)));
  return fd;
}

/// A buffer, which is mapped, filled, and given away and taken back.
static struct drm_mode_create_dumb buffer(int fd) {
  struct drm_mode_create_dumb dumb = {.width = 640, .height = 480, .bpp = 32};
  printf("buffer: %s", said(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb)));
  printf(" pitch %u size %d", dumb.pitch, (int)dumb.size);
  struct drm_mode_map_dumb map = {.handle = dumb.handle};
  printf(" map %s", said(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map)));
#if __SIZEOF_POINTER__ == 4
  uint32_t *pixels = mmap64(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off64_t)map.offset);
#else
  uint32_t *pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.offset);
#endif
  printf(" mapped %d\n", pixels != MAP_FAILED);
  if (pixels == MAP_FAILED) exit(1);
  for (unsigned i = 0; i < 640 * 480; ++i) pixels[i] = i;
  struct drm_prime_handle prime = {.handle = dumb.handle, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1};
  printf("export: %s", said(ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime)));
  uint32_t *again = mmap(NULL, dumb.size, PROT_READ, MAP_SHARED, prime.fd, 0);
  printf(" mapped %d", again != MAP_FAILED);
  if (again != MAP_FAILED) printf(" pixels %d", again[12345] == 12345 && again[640 * 480 - 1] == 640 * 480 - 1);
  struct drm_prime_handle taken = {.fd = prime.fd};
  printf(" import %s", said(ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &taken)));
  printf(" %d\n", taken.handle == dumb.handle);
  munmap(pixels, dumb.size);
  return dumb;
}

static void screen(int fd) {
  uint32_t crtcs[8], connectors[8], encoders[8], types[128];
  struct drm_mode_card_res found = {.crtc_id_ptr = (uintptr_t)crtcs, .connector_id_ptr = (uintptr_t)connectors,
                                    .encoder_id_ptr = (uintptr_t)encoders, .count_crtcs = 8, .count_connectors = 8,
                                    .count_encoders = 8};
  printf("resources: %s", said(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &found)));
  printf(" %u %u %u up to %u\n", found.count_crtcs, found.count_connectors, found.count_encoders, found.max_width);
  static struct drm_mode_modeinfo modes[64];
  uint32_t properties[32];
  uint64_t values[32];
  struct drm_mode_get_connector connector = {.connector_id = connectors[0]};
  printf("connector: %s", said(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector)));
  connector.modes_ptr = (uintptr_t)modes;
  connector.props_ptr = (uintptr_t)properties;
  connector.prop_values_ptr = (uintptr_t)values;
  connector.encoders_ptr = (uintptr_t)encoders;
  printf(" %s", said(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector)));
  printf(" modes %u first %s type %u connected %u\n", connector.count_modes, modes[0].name, connector.connector_type,
         connector.connection);
  for (unsigned i = 0; i < connector.count_props; ++i) {
    struct drm_mode_property_enum choices[16];
    struct drm_mode_get_property property = {.prop_id = properties[i], .enum_blob_ptr = (uintptr_t)choices,
                                             .count_enum_blobs = 16};
    long result = ioctl(fd, DRM_IOCTL_MODE_GETPROPERTY, &property);
    printf("property: %s %s %u", said(result), property.name, property.count_enum_blobs);
    if (property.count_enum_blobs > 0) printf(" %s", choices[0].name);
    printf("\n");
  }
  struct drm_mode_create_dumb dumb = buffer(fd);
  struct drm_mode_fb_cmd frame = {.width = 640, .height = 480, .pitch = dumb.pitch, .bpp = 32, .depth = 24, .handle = dumb.handle};
  printf("frame: %s", said(ioctl(fd, DRM_IOCTL_MODE_ADDFB, &frame)));
  struct drm_mode_fb_cmd2 second = {.width = 640, .height = 480, .pixel_format = DRM_FORMAT_XRGB8888,
                                    .handles = {dumb.handle}, .pitches = {dumb.pitch}};
  printf(" second %s", said(ioctl(fd, DRM_IOCTL_MODE_ADDFB2, &second)));
  second.modifier[0] = 5ull << 56;
  second.flags = DRM_MODE_FB_MODIFIERS;
  printf(" modified %s\n", said(ioctl(fd, DRM_IOCTL_MODE_ADDFB2, &second)));
  struct drm_mode_crtc crtc = {.set_connectors_ptr = (uintptr_t)connectors, .count_connectors = 1, .crtc_id = crtcs[0],
                               .fb_id = frame.fb_id, .mode_valid = 1};
  for (unsigned i = 0; i < connector.count_modes; ++i) {
    if (modes[i].hdisplay == 640 && modes[i].vdisplay == 480) crtc.mode = modes[i];
  }
  printf("shown: %s", said(ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &crtc)));
  memset(&crtc.mode, 0, sizeof crtc.mode);
  printf(" %s", said(ioctl(fd, DRM_IOCTL_MODE_GETCRTC, &crtc)));
  printf(" %s %d\n", crtc.mode.name, crtc.fb_id == frame.fb_id);
  uint32_t ids[16];
  struct drm_mode_get_plane_res planes = {.plane_id_ptr = (uintptr_t)ids, .count_planes = 16};
  printf("planes: %s", said(ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &planes)));
  struct drm_mode_get_plane plane = {.plane_id = ids[0], .format_type_ptr = (uintptr_t)types, .count_format_types = 128};
  printf(" %u %s", planes.count_planes, said(ioctl(fd, DRM_IOCTL_MODE_GETPLANE, &plane)));
  printf(" formats %u %.4s\n", plane.count_format_types, (char *)types);
  struct drm_mode_obj_get_properties object = {.props_ptr = (uintptr_t)properties, .prop_values_ptr = (uintptr_t)values,
                                               .count_props = 32, .obj_id = ids[0], .obj_type = DRM_MODE_OBJECT_PLANE};
  printf("object: %s", said(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &object)));
  printf(" %u\n", object.count_props);
  struct drm_clip_rect clip = {0, 0, 64, 64};
  struct drm_mode_fb_dirty_cmd dirty = {.fb_id = frame.fb_id, .num_clips = 1, .clips_ptr = (uintptr_t)&clip};
  printf("dirty: %s", said(ioctl(fd, DRM_IOCTL_MODE_DIRTYFB, &dirty)));
  union drm_wait_vblank wait = {.request = {.type = _DRM_VBLANK_RELATIVE, .sequence = 1, .signal = 7}};
  printf(" blank %s", said(ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &wait)));
  printf(" remove %s\n", said(ioctl(fd, DRM_IOCTL_MODE_RMFB, &frame.fb_id)));
}

int main(void) {
  int first = card(0);
  struct drm_mode_create_dumb dumb = buffer(first);
  struct drm_mode_destroy_dumb destroy = {dumb.handle};
  printf("destroy: %s", said(ioctl(first, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy)));
  printf(" again: %s\n", said(ioctl(first, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy)));
  int second = card(1);
  screen(second);
  return 0;
}
