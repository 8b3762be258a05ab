/* The entries that the addon offers, with their number of arguments. The kernels' others stay in WebAssembly. */
#pragma once
#define ENTRIES(E, variant) \
  E(variant, learning_forward, 1) E(variant, learning_delta, 1) \
  E(variant, learning_source, 2) E(variant, learning_source_dense, 2) \
  E(variant, learning_weights, 2) E(variant, learning_weights_traced, 2) \
  E(variant, learning_drive, 2) E(variant, learning_host, 3) E(variant, learning_host_weights, 3) \
  E(variant, learning_pack, 4) E(variant, learning_unpack, 5) \
  E(variant, spiking_layer, 1) E(variant, spiking_expand, 1) \
  E(variant, spiking_count, 2) E(variant, spiking_popcounts, 5) E(variant, spiking_weigh, 4) E(variant, spiking_weigh_channels, 5) \
  E(variant, spiking_host_layer, 1) E(variant, spiking_poisson, 1)
