/*
 * A Vulkan driver for tests: two equal cards that offer to decode and encode, told apart by UUID and PCI address.
 * FAKE_VULKAN in the environment makes it misbehave: crash, hang, refuse, none, chatter, linger.
 * Its structures are written down here once more, from the specification: a compiler lays them out, and so checks
 * those of src/vulkan. Nothing but what the loader and the probe call is there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define VERSION(major, minor, patch) ((uint32_t)(major) << 22 | (uint32_t)(minor) << 12 | (uint32_t)(patch))
enum { SUCCESS = 0, INCOMPLETE = 5, INITIALIZATION_FAILED = -3, OUT_OF_DEVICE_MEMORY = -2, UNKNOWN = -13 };
enum { OPERATION_NOT_SUPPORTED = -1000023002, FORMAT_NOT_SUPPORTED = -1000023003 };

/* What the loader wants to find at the beginning of every handle (vk_icd.h). */
typedef struct { uintptr_t loader_magic; uint32_t number; } Handle;
static Handle instance = { 0x01CDC0DE, 0 };
static Handle cards[2] = { { 0x01CDC0DE, 0 }, { 0x01CDC0DE, 1 } };

typedef struct Chain { uint32_t type; struct Chain *next; } Chain;
typedef struct { char name[256]; uint32_t version; } Extension;
typedef struct { uint32_t width, height; } Extent;
typedef struct {
  uint32_t api, driver, vendor, device, type;
  char name[256];
  uint8_t cache_uuid[16];
  union { uint8_t bytes[504]; uint64_t alignment; } limits;
  uint32_t sparse[5];
} Properties;
typedef struct { Chain head; Properties properties; } Properties2;
typedef struct { Chain head; uint8_t device[16], driver[16], luid[8]; uint32_t mask, luid_valid; } Ids;
typedef struct { Chain head; uint32_t id; char name[256], info[256]; uint8_t conformance[4]; } Driver;
typedef struct { Chain head; uint32_t domain, bus, device, function; } Pci;
typedef struct { uint32_t flags, count, bits, width, height, depth; } Family;
typedef struct { Chain head; Family family; } Family2;
typedef struct { Chain head; uint32_t operations; } FamilyVideo;
typedef struct { Chain head; uint32_t operation, subsampling, luma, chroma; } Profile;
typedef struct { Chain head; uint32_t number; } CodecProfile;
typedef struct {
  Chain head;
  uint32_t flags;
  uint64_t offset_alignment, size_alignment;
  Extent granularity, smallest, largest;
  uint32_t slots, references;
  Extension header;
} Capabilities;
typedef struct {
  Chain head;
  uint32_t flags, modes, layers;
  uint64_t bitrate;
  uint32_t levels;
  Extent granularity;
  uint32_t feedback;
} Encode;
typedef struct { Chain head; uint32_t level; } DecodeCodec;
typedef struct {
  Chain head;
  uint32_t flags, level, slices, p, b, l1, layers, dyadic;
  int32_t smallest_qp, largest_qp;
} EncodeH264;
typedef struct {
  Chain head;
  uint32_t flags, level, slices;
  Extent tiles;
  uint32_t ctb, transforms, p, b, l1, layers, dyadic;
  int32_t smallest_qp, largest_qp;
} EncodeH265;
typedef struct {
  Chain head;
  uint32_t flags, level;
  Extent alignment, tiles, smallest_tile, largest_tile;
  uint32_t superblocks, references[9], temporal, spatial, points, smallest_q, largest_q;
} EncodeAv1;

static int is(const char *mode) {
  const char *wanted = getenv("FAKE_VULKAN");
  return wanted != NULL && strcmp(wanted, mode) == 0;
}

static void linger(void) { for (;;) pause(); }

static int32_t createInstance(const void *info, const void *allocator, Handle **created) {
  (void)info; (void)allocator;
  if (is("refuse")) return OUT_OF_DEVICE_MEMORY;
  if (is("chatter")) { printf("{\"available\": true}\nfake driver loaded"); fflush(stdout); }
  if (is("linger")) atexit(linger);
  *created = &instance;
  return SUCCESS;
}

static void destroyInstance(Handle *of, const void *allocator) { (void)of; (void)allocator; }

static int32_t enumerateVersion(uint32_t *version) { *version = VERSION(1, 3, 0); return SUCCESS; }

/* The form of every list: without room it tells the count, with room it fills that. */
static int32_t give(const void *from, size_t size, uint32_t have, uint32_t *count, void *to) {
  if (to == NULL) { *count = have; return SUCCESS; }
  uint32_t given = *count < have ? *count : have;
  memcpy(to, from, given * size);
  *count = given;
  return given < have ? INCOMPLETE : SUCCESS;
}

static int32_t instanceExtensions(const char *layer, uint32_t *count, Extension *to) {
  (void)layer;
  return give(NULL, 0, 0, count, to);
}

static int32_t devices(Handle *of, uint32_t *count, Handle **to) {
  (void)of;
  if (is("crash")) *(volatile int *)0 = 1;
  if (is("hang")) linger();
  Handle *all[2] = { &cards[0], &cards[1] };
  return give(all, sizeof all[0], is("none") ? 0 : 2, count, to);
}

static int32_t deviceExtensions(Handle *of, const char *layer, uint32_t *count, Extension *to) {
  static const Extension all[] = {
    { "VK_EXT_pci_bus_info", 2 },          { "VK_KHR_video_queue", 8 },
    { "VK_KHR_video_decode_queue", 8 },    { "VK_KHR_video_encode_queue", 12 },
    { "VK_KHR_video_decode_h264", 9 },     { "VK_KHR_video_decode_h265", 8 },
    { "VK_KHR_video_decode_vp9", 1 },      { "VK_KHR_video_encode_h264", 14 },
    { "VK_KHR_video_encode_h265", 14 },    { "VK_KHR_video_encode_av1", 1 },
  };
  (void)of; (void)layer;
  return give(all, sizeof all[0], sizeof all / sizeof all[0], count, to);
}

static void properties(Handle *of, Properties *to) {
  (void)of;
  memset(to, 0, sizeof *to);
  to->api = VERSION(1, 3, 280);
  to->driver = 580u << 22 | 159u << 14 | 3u << 6;
  to->vendor = 0x10DE;
  to->device = 0x2684;
  to->type = 2;
  strcpy(to->name, "Fake Card 9000");
  to->sparse[4] = 1;
}

static void properties2(Handle *of, Properties2 *to) {
  properties(of, &to->properties);
  for (Chain *at = to->head.next; at != NULL; at = at->next) {
    if (at->type == 1000071004) {
      Ids *ids = (Ids *)at;
      for (int i = 0; i < 16; i++) ids->device[i] = (uint8_t)(16 * i + of->number);
      memset(ids->driver, 0xAB, 16);
    } else if (at->type == 1000196000) {
      Driver *driver = (Driver *)at;
      driver->id = 4;
      strcpy(driver->name, "NVIDIA");
      strcpy(driver->info, "580.159.03");
    } else if (at->type == 1000212000) {
      Pci *pci = (Pci *)at;
      pci->bus = 0x65 + of->number;
    }
  }
}

static const Family families[3] = { { 0x7, 16, 64, 1, 1, 1 }, { 0x24, 7, 64, 1, 1, 1 }, { 0x44, 3, 64, 1, 1, 1 } };
static const uint32_t operations[3] = { 0, 0x1 | 0x2 | 0x8, 0x10000 | 0x20000 | 0x40000 };

static void queues(Handle *of, uint32_t *count, Family *to) {
  (void)of;
  give(families, sizeof families[0], 3, count, to);
}

static void queues2(Handle *of, uint32_t *count, Family2 *to) {
  (void)of;
  if (to == NULL) { *count = 3; return; }
  for (uint32_t i = 0; i < *count && i < 3; i++) {
    to[i].family = families[i];
    for (Chain *at = to[i].head.next; at != NULL; at = at->next)
      if (at->type == 1000023012) ((FamilyVideo *)at)->operations = operations[i];
  }
}

static Chain *find(Chain *from, uint32_t type) {
  while (from != NULL && from->type != type) from = from->next;
  return from;
}

/* Per operation: the types of its profile and of its capabilities, and the profile's number for 8 and for 10 bits. */
typedef struct { uint32_t operation, profile, capabilities, number8, number10; } Codec;
static const Codec codecs[] = {
  { 0x1, 1000040003, 1000040000, 100, 110 },     { 0x2, 1000187003, 1000187000, 1, 2 },
  { 0x8, 1000514003, 1000514001, 0, 2 },         { 0x10000, 1000038007, 1000038000, 100, 110 },
  { 0x20000, 1000039007, 1000039000, 1, 2 },     { 0x40000, 1000513005, 1000513000, 0, 0 },
};

static void fillEncode(Encode *to) {
  to->modes = 0x1 | 0x2 | 0x4;
  to->layers = 4;
  to->bitrate = 800000000;
  to->levels = 7;
  to->granularity = (Extent){ 64, 32 };
}

static void fillCodec(uint32_t operation, Chain *to) {
  if (operation < 0x10000) {
    ((DecodeCodec *)to)->level = operation == 0x1 ? 15 : 12;
  } else if (operation == 0x10000) {
    EncodeH264 *h264 = (EncodeH264 *)to;
    h264->level = 18; h264->smallest_qp = -3; h264->largest_qp = 51;
  } else if (operation == 0x20000) {
    EncodeH265 *h265 = (EncodeH265 *)to;
    h265->level = 12; h265->smallest_qp = 1; h265->largest_qp = 50;
  } else {
    EncodeAv1 *av1 = (EncodeAv1 *)to;
    av1->level = 19; av1->smallest_q = 2; av1->largest_q = 255;
  }
}

/* Anything that it does not expect in what it is asked is an unknown error. */
static int32_t videoCapabilities(Handle *of, const Profile *asked, Capabilities *to) {
  const Codec *codec = NULL;
  (void)of;
  if (asked->head.type != 1000023000 || to->head.type != 1000023001) return UNKNOWN;
  for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
    if (codecs[i].operation == asked->operation) codec = &codecs[i];
  if (codec == NULL) return OPERATION_NOT_SUPPORTED;
  int ten = asked->luma == 0x4;
  if (asked->subsampling != 0x2 || asked->luma != asked->chroma || (asked->luma != 0x1 && !ten)) return UNKNOWN;
  CodecProfile *profile = (CodecProfile *)find(asked->head.next, codec->profile);
  if (profile == NULL || profile->number != (ten ? codec->number10 : codec->number8)) return UNKNOWN;
  if (ten && (codec->operation == 0x1 || codec->operation == 0x10000)) return FORMAT_NOT_SUPPORTED;
  int encodes = codec->operation >= 0x10000;
  Chain *general = find(to->head.next, encodes ? 1000299003 : 1000024001);
  Chain *own = find(to->head.next, codec->capabilities);
  if (general == NULL || own == NULL) return UNKNOWN;
  to->offset_alignment = 256;
  to->size_alignment = 128;
  to->granularity = (Extent){ 16, 8 };
  to->smallest = (Extent){ 160, 64 };
  to->largest = (Extent){ 8192, 4352 };
  to->slots = 17;
  to->references = 15;
  strcpy(to->header.name, "VK_STD_fake");
  to->header.version = VERSION(1, 0, 0);
  if (encodes) fillEncode((Encode *)general);
  fillCodec(codec->operation, own);
  return SUCCESS;
}

/* What the loader insists on and nobody calls. */
static int32_t unused(void) { return INITIALIZATION_FAILED; }

typedef void (*Function)(void);
typedef struct { const char *name; Function function; } Named;
static const Named functions[] = {
  { "vkCreateInstance", (Function)createInstance },
  { "vkDestroyInstance", (Function)destroyInstance },
  { "vkEnumerateInstanceVersion", (Function)enumerateVersion },
  { "vkEnumerateInstanceExtensionProperties", (Function)instanceExtensions },
  { "vkEnumeratePhysicalDevices", (Function)devices },
  { "vkEnumerateDeviceExtensionProperties", (Function)deviceExtensions },
  { "vkGetPhysicalDeviceProperties", (Function)properties },
  { "vkGetPhysicalDeviceProperties2", (Function)properties2 },
  { "vkGetPhysicalDeviceQueueFamilyProperties", (Function)queues },
  { "vkGetPhysicalDeviceQueueFamilyProperties2", (Function)queues2 },
  { "vkGetPhysicalDeviceVideoCapabilitiesKHR", (Function)videoCapabilities },
  { "vkGetPhysicalDeviceFeatures", (Function)unused },
  { "vkGetPhysicalDeviceFormatProperties", (Function)unused },
  { "vkGetPhysicalDeviceImageFormatProperties", (Function)unused },
  { "vkGetPhysicalDeviceMemoryProperties", (Function)unused },
  { "vkGetPhysicalDeviceSparseImageFormatProperties", (Function)unused },
  { "vkCreateDevice", (Function)unused },
  { "vkGetDeviceProcAddr", (Function)unused },
};

EXPORT Function vk_icdGetInstanceProcAddr(Handle *of, const char *name) {
  (void)of;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
    if (strcmp(functions[i].name, name) == 0) return functions[i].function;
  return NULL;
}

EXPORT int32_t vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  if (*version > 5) *version = 5;
  return SUCCESS;
}
