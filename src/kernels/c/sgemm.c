int spikeveil_placeholder(int x);
__attribute__((visibility("default"))) int spikeveil_placeholder(int x) { return x + 1; }
