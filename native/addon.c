/*
 * The optional native build of the kernels, as a Node-API addon. It holds the entries of `entries.h`
 * once for each instruction set. `variants` names those that this processor has, best first; `bind` gives
 * the functions of one over a memory. The memory is that of a WebAssembly instance, so that native and
 * WebAssembly kernels work on the same buffers; being shared, it never moves when it grows.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "entries.h"

typedef void (*Function)(void); /* cast to its type where it is called */
typedef struct { const char *name; uint32_t arguments; Function call; } Entry;
typedef struct { const char *name; uint32_t lanes; int supported; const Entry *entries; } Variant;

#define DECLARE(variant, name, arguments) uint32_t variant##_##name();
#define ROW(variant, name, arguments) {#name, arguments, (Function)variant##_##name},
#define VARIANT_TABLE(variant) \
  ENTRIES(DECLARE, variant) \
  static const Entry variant##Entries[] = {ENTRIES(ROW, variant) {NULL, 0, NULL}};

#if defined(__x86_64__)
VARIANT_TABLE(avx512)
VARIANT_TABLE(avx2)
VARIANT_TABLE(sse4)
enum { VARIANTS = 3 };
static void listVariants(Variant *out) {
  __builtin_cpu_init();
  const int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  out[0] = (Variant){"avx512", 16, avx512, avx512Entries};
  out[1] = (Variant){"avx2", 8, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"), avx2Entries};
  out[2] = (Variant){"sse4", 4, __builtin_cpu_supports("sse4.2") != 0, sse4Entries};
}
#else
VARIANT_TABLE(portable)
enum { VARIANTS = 1 };
static void listVariants(Variant *out) { out[0] = (Variant){"portable", 4, 1, portableEntries}; }
#endif

enum { MOST_ARGUMENTS = 5 };

/* One function over one memory. */
typedef struct { Entry entry; char *arena; } Binding;

static void release(napi_env env, void *data, void *hint) { (void)env; (void)hint; free(data); }

static napi_value invoke(napi_env env, napi_callback_info info) {
  napi_value values[MOST_ARGUMENTS], result;
  size_t count = MOST_ARGUMENTS;
  void *data;
  uint32_t a[MOST_ARGUMENTS] = {0}, out;
  napi_get_cb_info(env, info, &count, values, NULL, &data);
  const Binding *b = data;
  for (uint32_t i = 0; i < b->entry.arguments; i++)
    if (i >= count || napi_get_value_uint32(env, values[i], a + i) != napi_ok) {
      napi_throw_type_error(env, NULL, "internal: a kernel takes numbers");
      return NULL;
    }
  switch (b->entry.arguments) {
    case 1: out = ((uint32_t(*)(char *, uint32_t))b->entry.call)(b->arena, a[0]); break;
    case 2: out = ((uint32_t(*)(char *, uint32_t, uint32_t))b->entry.call)(b->arena, a[0], a[1]); break;
    case 3: out = ((uint32_t(*)(char *, uint32_t, uint32_t, uint32_t))b->entry.call)(b->arena, a[0], a[1], a[2]); break;
    case 4: out = ((uint32_t(*)(char *, uint32_t, uint32_t, uint32_t, uint32_t))b->entry.call)(b->arena, a[0], a[1], a[2], a[3]); break;
    default: out = ((uint32_t(*)(char *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t))b->entry.call)(b->arena, a[0], a[1], a[2], a[3], a[4]);
  }
  return napi_create_uint32(env, out, &result) == napi_ok ? result : NULL;
}

/* bind(name, buffer over the memory): an object with a function an entry, and `lanes`; undefined if there is no such variant. */
static napi_value bind(napi_env env, napi_callback_info info) {
  napi_value values[2], result, function, lanes;
  size_t count = 2, length, bytes;
  char name[16];
  void *arena;
  Variant variants[VARIANTS];
  listVariants(variants);
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count != 2
      || napi_get_value_string_utf8(env, values[0], name, sizeof name, &length) != napi_ok
      || napi_get_buffer_info(env, values[1], &arena, &bytes) != napi_ok) {
    napi_throw_type_error(env, NULL, "internal: bind takes a name and a buffer");
    return NULL;
  }
  for (int v = 0; v < VARIANTS; v++) {
    if (strcmp(variants[v].name, name) != 0 || !variants[v].supported) continue;
    napi_create_object(env, &result);
    for (const Entry *e = variants[v].entries; e->name != NULL; e++) {
      Binding *b = malloc(sizeof *b);
      if (b == NULL) { napi_throw_error(env, NULL, "out of memory"); return NULL; }
      *b = (Binding){*e, arena};
      napi_create_function(env, e->name, NAPI_AUTO_LENGTH, invoke, b, &function);
      napi_add_finalizer(env, function, b, release, NULL, NULL);
      napi_set_named_property(env, result, e->name, function);
    }
    napi_create_uint32(env, variants[v].lanes, &lanes);
    napi_set_named_property(env, result, "lanes", lanes);
    return result;
  }
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value names, name, function;
  uint32_t n = 0;
  Variant variants[VARIANTS];
  listVariants(variants);
  napi_create_array(env, &names);
  for (int v = 0; v < VARIANTS; v++) {
    if (!variants[v].supported) continue;
    napi_create_string_utf8(env, variants[v].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, n++, name);
  }
  napi_set_named_property(env, exports, "variants", names);
  napi_create_function(env, "bind", NAPI_AUTO_LENGTH, bind, NULL, &function);
  napi_set_named_property(env, exports, "bind", function);
  return exports;
}
