/*
 * One time step of cores that talk over a mesh, cycle by cycle. Routers are input-queued: a flit (one spike
 * message) waits in the buffer of the link and virtual channel that it came by; in each cycle each input
 * offers one flit whose output has a free place downstream, and each output takes one of the inputs that
 * offer it, both in turn. Dimension order: along the row, then along the column. `reference-mesh.ts` is the
 * specification and gives the same arrival of every message.
 *
 * Nothing is visited without cause. A router wakes where a flit arrives, where a credit comes back and
 * after a move; what it cannot move then stays until one of these happens. Wakes of routers stand in a wheel
 * of bit masks by cycle, the next event of each core in a tournament tree; between them cycles are skipped.
 */
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

enum { NEVER = 0x7fffffff, SIDES = 4, MAX_PORTS = 32 };

/* `at`: first cycle in which it may move on. */
typedef struct { int32_t message, at, out; } Flit;

/* Routers are numbered over all networks. A router's ports: 4 sides (east, west, down, up), then its cores. */
typedef struct {
  int32_t routers, networks, ports, channels, depth, receive; /* places of a buffer, and of a core's queue a network */
  int32_t cores, leaves, slots, words;                        /* leaves of the tree, slots of the wheel, words of a slot */
  int32_t local;                                              /* cycles from a router to its core */
  int32_t stall;                                              /* 1: a core whose message has to wait falls behind by as much */
  const int32_t *neighbour;                                   /* [router][4], -1: none */
  const int32_t *hop, *hold;                                  /* [router][4]: cycles to the next buffer; cycles that a flit takes the link */
  const int32_t *x, *y;                                       /* [router] */
  const int32_t *home, *port;                                 /* [core]: router in network 0, port */
  const int32_t *coreAt;                                      /* [router][port]: its core */
  Flit *buffers;                                              /* [router][port][channel][depth] */
  int32_t *head, *count;                                      /* [router][port][channel] */
  uint32_t *occupied, *inputs;                                /* [router][port]: channels with flits; [router]: ports with flits */
  uint32_t *starved;                                          /* [router]: a flit waits for a place downstream */
  int32_t *turnIn, *turnOut, *busyUntil;                      /* [router][port] */
  int32_t *credits;                                           /* [router][port][channel], then [core][network][channel] */
  uint32_t *wheel;                                            /* [slot][word] */
  int32_t *waking;                                            /* [slot]: bits set */
  int32_t *tree;                                              /* [2 * leaves]: senders, then receivers */
  Flit *queue;                                                /* [core][network][receive] */
  int32_t *queueHead, *queueCount;                            /* [core][network] */
  int32_t *next, *turn, *entered;                             /* [core], [core], [core][network] */
  double *lag, *busy;                                         /* [core] */
  int32_t *freed;                                             /* credits that count from the next cycle on */
  const int32_t *starts;                                      /* [core + 1]: its messages, in order */
  const double *ready, *work;                                 /* [message]: when its core has it ready, cycles that the target core works on it */
  const int32_t *to;                                          /* [message]: target core */
  const double *end;                                          /* [core]: when it is done generating, if no message has to wait */
  int32_t *arrival;                                           /* [message] */
  double *finish;                                             /* [core]: generation, then [core]: processing */
  double *result;                                             /* sum of waits from ready to arrival; router visits; moves */
  int32_t pending, freedCount;
} Mesh;

INLINE int ceiling(double x) { int n = (int)x; return n < x ? n + 1 : n; }
INLINE double later(double a, double b) { return a > b ? a : b; }

INLINE void wake(Mesh *m, int router, int cycle) {
  const int slot = cycle & (m->slots - 1);
  uint32_t *word = m->wheel + slot * m->words + (router >> 5), bit = 1u << (router & 31);
  if (*word & bit) return;
  *word |= bit;
  m->waking[slot]++;
  m->pending++;
}

INLINE void schedule(Mesh *m, int leaf, int cycle) {
  int32_t *tree = m->tree;
  int i = m->leaves + leaf;
  tree[i] = cycle;
  for (i >>= 1; i > 0; i >>= 1) {
    const int a = tree[2 * i], b = tree[2 * i + 1], least = a < b ? a : b;
    if (tree[i] == least) break;
    tree[i] = least;
  }
}

INLINE int outputOf(const Mesh *m, int router, int core) {
  const int home = m->home[core];
  if (m->x[router] != m->x[home]) return m->x[router] < m->x[home] ? 0 : 1;
  if (m->y[router] != m->y[home]) return m->y[router] < m->y[home] ? 2 : 3;
  return SIDES + m->port[core];
}

/* The channel with most free places, the first of equals; -1: none is free. */
INLINE int freeChannel(const int32_t *credits, int channels) {
  int best = -1, most = 0;
  for (int c = 0; c < channels; c++) if (credits[c] > most) { most = credits[c]; best = c; }
  return best;
}

INLINE void push(Mesh *m, int router, int port, int channel, Flit flit) {
  const int input = router * m->ports + port, buffer = input * m->channels + channel;
  int place = m->head[buffer] + m->count[buffer]++;
  if (place >= m->depth) place -= m->depth;
  m->buffers[buffer * m->depth + place] = flit;
  m->occupied[input] |= 1u << channel;
  m->inputs[router] |= 1u << port;
}

/* A core hands over its messages in order, at most one a cycle to each network. */
static void serveSender(Mesh *m, int core, int t) {
  const int end = m->starts[core + 1];
  while (m->next[core] < end) {
    const int message = m->next[core];
    const double own = m->ready[message] + m->lag[core];
    if (own > t) { schedule(m, core, ceiling(own)); return; }
    int network = m->turn[core], channel = -1, again = 0;
    for (int k = 0; k < m->networks; k++) {
      const int i = core * m->networks + network;
      if (m->entered[i] == t) again = 1;
      else if ((channel = freeChannel(m->credits + (m->routers * m->ports + i) * m->channels, m->channels)) >= 0) break;
      if (++network == m->networks) network = 0;
    }
    if (channel < 0) { schedule(m, core, again ? t + 1 : NEVER); return; }
    const int i = core * m->networks + network, router = m->home[core] + network * (m->routers / m->networks);
    m->credits[(m->routers * m->ports + i) * m->channels + channel]--;
    m->entered[i] = t;
    m->turn[core] = network + 1 == m->networks ? 0 : network + 1;
    push(m, router, SIDES + m->port[core], channel, (Flit){message, t, outputOf(m, router, m->to[message])});
    wake(m, router, t);
    m->result[0] -= own;
    if (m->stall) m->lag[core] += t - ceiling(own);
    m->next[core]++;
  }
  schedule(m, core, NEVER);
}

/* A core takes what has arrived in the order of arrival, each after it is done with the one before. */
static void serveReceiver(Mesh *m, int core, int t) {
  for (;;) {
    int first = -1, at = NEVER;
    for (int n = 0; n < m->networks; n++) {
      const int q = core * m->networks + n;
      if (m->queueCount[q] == 0) continue;
      const int arrived = m->queue[q * m->receive + m->queueHead[q]].at;
      if (arrived < at) { at = arrived; first = n; }
    }
    if (first < 0) { schedule(m, m->cores + core, NEVER); return; }
    const double start = later(m->busy[core], at);
    if (start > t) { schedule(m, m->cores + core, ceiling(start)); return; }
    const int q = core * m->networks + first;
    m->busy[core] = start + m->work[m->queue[q * m->receive + m->queueHead[q]].message];
    if (++m->queueHead[q] == m->receive) m->queueHead[q] = 0;
    m->queueCount[q]--;
    const int router = m->home[core] + first * (m->routers / m->networks);
    m->freed[m->freedCount++] = (router * m->ports + SIDES + m->port[core]) * m->channels;
  }
}

INLINE void deliver(Mesh *m, int router, int out, int message, int t) {
  const int core = m->to[message], q = core * m->networks + router / (m->routers / m->networks), at = t + m->local;
  int place = m->queueHead[q] + m->queueCount[q]++;
  if (place >= m->receive) place -= m->receive;
  m->queue[q * m->receive + place] = (Flit){message, at, 0};
  m->credits[(router * m->ports + out) * m->channels]--;
  m->arrival[message] = at;
  m->result[0] += at;
  if (m->tree[m->leaves + m->cores + core] == NEVER) schedule(m, m->cores + core, ceiling(later(m->busy[core], at)));
}

INLINE void moveFlit(Mesh *m, int router, int port, int channel, int t) {
  const int input = router * m->ports + port, buffer = input * m->channels + channel;
  const Flit flit = m->buffers[buffer * m->depth + m->head[buffer]];
  const int out = flit.out, output = router * m->ports + out;
  if (++m->head[buffer] == m->depth) m->head[buffer] = 0;
  if (--m->count[buffer] == 0 && (m->occupied[input] &= ~(1u << channel)) == 0) m->inputs[router] &= ~(1u << port);
  const int giver = port < SIDES ? m->neighbour[router * SIDES + (port ^ 1)] * m->ports + port
    : m->routers * m->ports + m->coreAt[input] * m->networks + router / (m->routers / m->networks);
  m->freed[m->freedCount++] = giver * m->channels + channel;
  m->turnIn[input] = channel + 1 == m->channels ? 0 : channel + 1;
  m->turnOut[output] = port + 1 == m->ports ? 0 : port + 1;
  if (out >= SIDES) { deliver(m, router, out, flit.message, t); return; }
  const int target = m->neighbour[router * SIDES + out], at = t + m->hop[router * SIDES + out];
  const int into = freeChannel(m->credits + output * m->channels, m->channels);
  m->credits[output * m->channels + into]--;
  m->busyUntil[output] = t + m->hold[router * SIDES + out];
  push(m, target, out, into, (Flit){flit.message, at, outputOf(m, target, m->to[flit.message])});
  wake(m, target, at);
}

/* Moves what can move in this cycle. What lost to another flit, or waits for a link in use, is looked at again. */
static void visit(Mesh *m, int router, int t) {
  uint32_t wanted[MAX_PORTS];
  uint8_t offered[MAX_PORTS];
  uint32_t outputs = 0;
  int again = NEVER, more = 0;
  m->starved[router] = 0;
  for (uint32_t ports = m->inputs[router]; ports != 0; ports &= ports - 1) {
    const int port = __builtin_ctz(ports), input = router * m->ports + port;
    int channel = m->turnIn[input];
    for (int k = 0; k < m->channels; k++, channel = channel + 1 == m->channels ? 0 : channel + 1) {
      if ((m->occupied[input] >> channel & 1) == 0) continue;
      const int buffer = input * m->channels + channel;
      const Flit *flit = &m->buffers[buffer * m->depth + m->head[buffer]];
      const int output = router * m->ports + flit->out;
      if (flit->at > t) continue;
      if (m->busyUntil[output] > t) { if (m->busyUntil[output] < again) again = m->busyUntil[output]; continue; }
      if (freeChannel(m->credits + output * m->channels, m->channels) < 0) { m->starved[router] = 1; continue; }
      more |= m->count[buffer] > 1 || (m->occupied[input] & (m->occupied[input] - 1)) != 0;
      if (outputs >> flit->out & 1) more = 1;
      else wanted[flit->out] = 0;
      outputs |= 1u << flit->out;
      wanted[flit->out] |= 1u << port;
      offered[port] = (uint8_t)channel;
      break;
    }
  }
  m->result[1]++;
  for (uint32_t rest = outputs; rest != 0; rest &= rest - 1) {
    const int out = __builtin_ctz(rest);
    const uint32_t inTurn = wanted[out] >> m->turnOut[router * m->ports + out] << m->turnOut[router * m->ports + out];
    const int port = __builtin_ctz(inTurn != 0 ? inTurn : wanted[out]);
    moveFlit(m, router, port, offered[port], t);
    m->result[2]++;
  }
  if (more) wake(m, router, t + 1);
  else if (again != NEVER) wake(m, router, again);
}

static void routersOf(Mesh *m, int t) {
  const int slot = t & (m->slots - 1);
  if (m->waking[slot] == 0) return;
  uint32_t *words = m->wheel + slot * m->words;
  m->pending -= m->waking[slot];
  m->waking[slot] = 0;
  for (int w = 0; w < m->words; w++) {
    const uint32_t bits = words[w];
    words[w] = 0;
    for (uint32_t rest = bits; rest != 0; rest &= rest - 1) visit(m, w * 32 + __builtin_ctz(rest), t);
  }
}

/* Places that became free in cycle t count from the next one on. */
static void giveCredits(Mesh *m, int t) {
  const int inner = m->routers * m->ports * m->channels, perRouter = m->ports * m->channels;
  for (int i = 0; i < m->freedCount; i++) {
    const int credit = m->freed[i];
    m->credits[credit]++;
    if (credit < inner) {
      if (m->starved[credit / perRouter]) wake(m, credit / perRouter, t + 1);
    } else {
      const int core = (credit - inner) / (m->networks * m->channels);
      if (m->next[core] < m->starts[core + 1] && m->tree[m->leaves + core] == NEVER) schedule(m, core, t + 1);
    }
  }
  m->freedCount = 0;
}

static void reset(Mesh *m) {
  const int inputs = m->routers * m->ports;
  for (int i = 0; i < inputs; i++) m->turnIn[i] = m->turnOut[i] = m->busyUntil[i] = 0;
  for (int i = 0; i < m->cores; i++) {
    m->next[i] = m->starts[i];
    m->turn[i] = 0;
    m->lag[i] = m->busy[i] = 0;
    for (int n = 0; n < m->networks; n++) m->entered[i * m->networks + n] = -1;
    if (m->starts[i] < m->starts[i + 1]) schedule(m, i, ceiling(m->ready[m->starts[i]]));
  }
  m->result[0] = m->result[1] = m->result[2] = 0;
}

/*
 * Runs until every message is worked on. Buffers must be empty and all credits there, as every run leaves
 * them. Returns 1 where a message is stuck, which dimension order rules out, else 0.
 */
EXPORT int mesh_run(Mesh *m) {
  reset(m);
  for (int t = 0;;) {
    const int event = m->tree[1];
    if (m->pending == 0) {
      if (event == NEVER) break;
      t = event;
    }
    while (m->tree[1] <= t) {
      int i = 1;
      while (i < m->leaves) i = m->tree[2 * i] <= t ? 2 * i : 2 * i + 1;
      const int leaf = i - m->leaves;
      if (leaf < m->cores) serveSender(m, leaf, t);
      else serveReceiver(m, leaf - m->cores, t);
    }
    routersOf(m, t);
    giveCredits(m, t);
    t++;
  }
  int stuck = 0;
  for (int i = 0; i < m->cores; i++) {
    stuck |= m->next[i] < m->starts[i + 1];
    m->finish[i] = m->end[i] + m->lag[i];
    m->finish[m->cores + i] = m->busy[i];
  }
  return stuck;
}
