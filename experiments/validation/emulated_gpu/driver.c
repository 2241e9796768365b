/* A driver for CUDA that runs kernels on the processor, one thread after another.

What `libcuda.so.1` offers, as far as numba-cuda asks for it. Memory of the device is that of the
machine. A kernel is known by its name: `emulated_kernel` says which function stands for it.
Variables of the environment make a device that has little memory (EMULATED_MEMORY, bytes), an old
driver (EMULATED_VERSION, 13000 for 13.0), several devices (EMULATED_DEVICES), or fails at a launch
(EMULATED_FAULT, which one, from 1), or is interrupted by the user then (EMULATED_INTERRUPT).
*/
#define _GNU_SOURCE
#include <cuda.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MULTIPROCESSORS 2
#define BLOCKS_PER_MULTIPROCESSOR 2

typedef void emulated(void **parameters, unsigned blocks, unsigned threads);

static long long setting(const char *name, long long otherwise) {
    const char *text = getenv(name);
    return text ? atoll(text) : otherwise;
}

/* ------------------------------------------------------------------------------------ kernels */

#define MOST_KERNELS 4096
static struct { char *name; emulated *run; } kernels[MOST_KERNELS];
static int kernel_count;
static long long launches;
static int faulty;

void emulated_kernel(const char *name, emulated *run) {
    if (kernel_count == MOST_KERNELS) abort();
    kernels[kernel_count].name = strdup(name);
    kernels[kernel_count++].run = run;
}

long long emulated_launches(void) { return launches; }

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *a, void **b,
                           unsigned c, CUlibraryOption *d, void **e, unsigned f) {
    static size_t libraries;
    *library = (CUlibrary)++libraries;
    return CUDA_SUCCESS;
}
CUresult cuLibraryUnload(CUlibrary library) { return CUDA_SUCCESS; }
CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
    for (int i = kernel_count - 1; i >= 0; i--) /* the last that was made */
        if (!strcmp(kernels[i].name, name)) {
            *kernel = (CUkernel)(size_t)(i + 1);
            return CUDA_SUCCESS;
        }
    fprintf(stderr, "emulated driver: kernel %s is not known\n", name);
    return CUDA_ERROR_NOT_FOUND;
}
CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel) {
    *function = (CUfunction)kernel;
    return CUDA_SUCCESS;
}
CUresult cuKernelGetLibrary(CUlibrary *library, CUkernel kernel) {
    *library = (CUlibrary)1;
    return CUDA_SUCCESS;
}
CUresult cuKernelGetAttribute(int *value, CUfunction_attribute what, CUkernel kernel,
                              CUdevice device) {
    *value = what == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : 32;
    return CUDA_SUCCESS;
}
CUresult cuFuncGetAttribute(int *value, CUfunction_attribute what, CUfunction function) {
    return cuKernelGetAttribute(value, what, (CUkernel)function, 0);
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function,
                                                     int threads, size_t shared) {
    *blocks = BLOCKS_PER_MULTIPROCESSOR;
    return CUDA_SUCCESS;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction function,
                                                              int threads, size_t shared,
                                                              unsigned flags) {
    *blocks = BLOCKS_PER_MULTIPROCESSOR;
    return CUDA_SUCCESS;
}
CUresult cuLaunchKernel(CUfunction function, unsigned bx, unsigned by, unsigned bz, unsigned tx,
                        unsigned ty, unsigned tz, unsigned shared, CUstream stream,
                        void **parameters, void **extra) {
    size_t i = (size_t)function;
    if (i < 1 || i > (size_t)kernel_count || by * bz * ty * tz != 1 || shared || extra)
        return CUDA_ERROR_INVALID_VALUE;
    if (faulty) return CUDA_ERROR_ILLEGAL_ADDRESS;
    if (++launches == setting("EMULATED_FAULT", 0)) {
        faulty = 1; /* and every later call says so, as on a device */
        return CUDA_SUCCESS;
    }
    if (launches == setting("EMULATED_INTERRUPT", 0)) raise(SIGINT);
    kernels[i - 1].run(parameters, bx, tx);
    return CUDA_SUCCESS;
}
CUresult cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction function, void **parameters,
                          void **extra) {
    return cuLaunchKernel(function, c->gridDimX, c->gridDimY, c->gridDimZ, c->blockDimX,
                          c->blockDimY, c->blockDimZ, c->sharedMemBytes, c->hStream, parameters,
                          extra);
}

/* ------------------------------------------------------------------------------------- memory */

static long long used;
static size_t *sizes_of(CUdeviceptr p) { return (size_t *)p - 2; }

CUresult cuMemGetInfo(size_t *unused, size_t *total) {
    *total = setting("EMULATED_MEMORY", 1LL << 30);
    *unused = *total - used;
    return CUDA_SUCCESS;
}
CUresult cuMemAlloc(CUdeviceptr *found, size_t bytes) {
    if (faulty) return CUDA_ERROR_ILLEGAL_ADDRESS;
    size_t total, unused;
    cuMemGetInfo(&unused, &total);
    if (bytes > unused) return CUDA_ERROR_OUT_OF_MEMORY;
    size_t *block = malloc(bytes + 2 * sizeof(size_t));
    *block = bytes;
    used += bytes;
    *found = (CUdeviceptr)(block + 2);
    memset(block + 2, 0xff, bytes); /* what was not written is NaN */
    return CUDA_SUCCESS;
}
CUresult cuMemFree(CUdeviceptr p) {
    used -= *sizes_of(p);
    free(sizes_of(p));
    return CUDA_SUCCESS;
}
static CUresult copied(void *to, const void *from, size_t bytes) {
    if (faulty) return CUDA_ERROR_ILLEGAL_ADDRESS;
    memcpy(to, from, bytes);
    return CUDA_SUCCESS;
}
CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t n) {
    return copied((void *)to, from, n);
}
CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t n) {
    return copied(to, (void *)from, n);
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t n, CUstream s) {
    return cuMemcpyHtoD(to, from, n);
}
CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t n, CUstream s) {
    return cuMemcpyDtoH(to, from, n);
}
CUresult cuPointerGetAttribute(void *value, CUpointer_attribute what, CUdeviceptr p) {
    if (what != CU_POINTER_ATTRIBUTE_DEVICE_POINTER) return CUDA_ERROR_NOT_SUPPORTED;
    *(CUdeviceptr *)value = p;
    return CUDA_SUCCESS;
}
CUresult cuMemGetAddressRange(CUdeviceptr *base, size_t *bytes, CUdeviceptr p) {
    *base = p;
    *bytes = *sizes_of(p);
    return CUDA_SUCCESS;
}

/* ------------------------------------------------------------------------- devices and contexts */

#define DEPTH 16
static __thread CUcontext stack[DEPTH];
static __thread int depth;

CUresult cuInit(unsigned flags) {
    return setting("EMULATED_DEVICES", 1) ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}
CUresult cuDriverGetVersion(int *version) {
    *version = (int)setting("EMULATED_VERSION", 13000);
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int *count) {
    *count = (int)setting("EMULATED_DEVICES", 1);
    return CUDA_SUCCESS;
}
CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    *device = ordinal;
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    snprintf(name, length, "emulated H100");
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
    memset(uuid, device, sizeof *uuid);
    return CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device) {
    *bytes = setting("EMULATED_MEMORY", 1LL << 30);
    return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute what, CUdevice device) {
    switch (what) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = 9; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = 0; break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = MULTIPROCESSORS; break;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE: *value = 32; break;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING: *value = 1; break;
    case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH: *value = 1; break;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = 1024; break;
    default: *value = 0;
    }
    return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    *context = (CUcontext)(size_t)(device + 1);
    return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease(CUdevice device) { return CUDA_SUCCESS; }
CUresult cuDevicePrimaryCtxReset(CUdevice device) { return CUDA_SUCCESS; }
CUresult cuCtxPushCurrent(CUcontext context) {
    if (depth == DEPTH) abort();
    stack[depth++] = context;
    return CUDA_SUCCESS;
}
CUresult cuCtxPopCurrent(CUcontext *context) {
    if (!depth) return CUDA_ERROR_INVALID_CONTEXT;
    *context = stack[--depth];
    return CUDA_SUCCESS;
}
CUresult cuCtxGetCurrent(CUcontext *context) {
    *context = depth ? stack[depth - 1] : NULL;
    return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext context) {
    if (depth) depth--;
    return context ? cuCtxPushCurrent(context) : CUDA_SUCCESS;
}
CUresult cuCtxGetDevice(CUdevice *device) {
    if (!depth) return CUDA_ERROR_INVALID_CONTEXT;
    *device = (int)(size_t)stack[depth - 1] - 1;
    return CUDA_SUCCESS;
}
CUresult cuCtxSynchronize(void) { return faulty ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS; }
CUresult cuStreamSynchronize(CUstream stream) { return cuCtxSynchronize(); }

CUresult cuGetErrorName(CUresult error, const char **text) {
    *text = error == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
            : error == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "an error";
    return CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult error, const char **text) {
    return cuGetErrorName(error, text);
}

/* ---------------------------------------------------------------------------- names of the rest */

static CUresult missing(void) {
    fprintf(stderr, "emulated driver: a function that it does not have was called\n");
    return CUDA_ERROR_NOT_SUPPORTED;
}
CUresult cuGetProcAddress(const char *name, void **found, int version, cuuint64_t flags,
                          CUdriverProcAddressQueryResult *status) {
    static void *self;
    char current[256];
    if (!self) {
        Dl_info info;
        dladdr((void *)cuGetProcAddress, &info);
        self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    }
    /* cuda.h gives functions that were changed a suffix. */
    static const char *suffixes[] = {"_v3", "_v2", ""};
    *found = NULL;
    for (int i = 0; i < 3 && !*found; i++) {
        snprintf(current, sizeof current, "%s%s", name, suffixes[i]);
        *found = dlsym(self, current);
    }
    if (getenv("EMULATED_LOG")) fprintf(stderr, "asked: %s %s\n", name, *found ? "" : "missing");
    if (!*found) *found = (void *)missing;
    if (status) *status = CU_GET_PROC_ADDRESS_SUCCESS;
    return CUDA_SUCCESS;
}
