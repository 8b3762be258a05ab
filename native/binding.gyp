# Builds the kernels of src/kernels/c for each instruction set and the addon that offers them: `npm run build:native`.
# It stands in a folder of its own, so that installing the package compiles nothing.
{
  'variables': {
    'kernel_sources': [
      '../src/kernels/c/learning-forward.c', '../src/kernels/c/learning-delta.c', '../src/kernels/c/learning-source.c',
      '../src/kernels/c/learning-weights.c', '../src/kernels/c/learning-host.c',
      '../src/kernels/c/spiking.c', '../src/kernels/c/spiking-lists.c', '../src/kernels/c/spiking-count.c', '../src/kernels/c/spiking-input.c',
    ],
    'kernel_flags': ['-O3', '-std=gnu17', '-ffp-contract=off', '-fno-math-errno', '-fvisibility=hidden'],
  },
  'target_defaults': {
    'cflags': ['<@(kernel_flags)'],
    'xcode_settings': {'OTHER_CFLAGS': ['<@(kernel_flags)']},
  },
  'targets': [{
    'target_name': 'spikeveil_kernels',
    'sources': ['addon.c'],
    'conditions': [['target_arch == "x64"', {'dependencies': ['avx512', 'avx2', 'sse4']}, {'dependencies': ['portable']}]],
  }],
  'conditions': [['target_arch == "x64"', {
    'targets': [
      {
        'target_name': 'avx512', 'type': 'static_library', 'sources': ['<@(kernel_sources)'], 'defines': ['VARIANT=avx512'],
        'cflags': ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-mpopcnt', '-mprefer-vector-width=512'],
        'xcode_settings': {'OTHER_CFLAGS': ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-mpopcnt', '-mprefer-vector-width=512']},
      },
      {
        'target_name': 'avx2', 'type': 'static_library', 'sources': ['<@(kernel_sources)'], 'defines': ['VARIANT=avx2'],
        'cflags': ['-mavx2', '-mbmi2', '-mpopcnt'], 'xcode_settings': {'OTHER_CFLAGS': ['-mavx2', '-mbmi2', '-mpopcnt']},
      },
      {
        'target_name': 'sse4', 'type': 'static_library', 'sources': ['<@(kernel_sources)'], 'defines': ['VARIANT=sse4'],
        'cflags': ['-msse4.2'], 'xcode_settings': {'OTHER_CFLAGS': ['-msse4.2']},
      },
    ],
  }, {
    'targets': [{'target_name': 'portable', 'type': 'static_library', 'sources': ['<@(kernel_sources)'], 'defines': ['VARIANT=portable']}],
  }]],
}
