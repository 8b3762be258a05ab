/**
 * What the mesh kernel means, written as plainly as possible: every core and every router is looked at in
 * every cycle. Throws where a buffer overflows, a credit falls below zero or a message is lost.
 */
import type { MeshDescription, MeshLoad, MeshResult } from './mesh-description.js';

interface Flit { readonly message: number; readonly at: number }

/** One input or output of a router. Inputs have buffers; credits are the free places behind an output. */
interface Port {
  readonly buffers: Flit[][];
  readonly credits: number[];
  turnIn: number;
  turnOut: number;
  busyUntil: number;
}

interface Router { readonly x: number; readonly y: number; readonly network: number; readonly ports: Port[] }

const STEPS = [[1, 0], [-1, 0], [0, 1], [0, -1]] as const;
const SIDES = STEPS.length;
const CYCLES_AT_MOST = 1e7;

export function referenceMesh(mesh: MeshDescription, load: MeshLoad): MeshResult {
  const { cores, networks } = mesh;
  const routers = buildRouters(mesh);
  const at = (network: number, x: number, y: number): Router => routers[(network * mesh.height + y) * mesh.width + x];
  const free = (places: number): number[] => new Array<number>(mesh.virtualChannels).fill(places);
  const senders = cores.map((_, i) => ({ next: load.starts[i], turn: 0, lag: 0, entered: new Array<number>(networks).fill(-1), credits: Array.from({ length: networks }, () => free(mesh.bufferFlits)) }));
  const receivers = cores.map(() => ({ busy: 0, queues: Array.from({ length: networks }, (): Flit[] => []) }));
  const arrival = new Int32Array(load.messages).fill(-1);
  const freed: { readonly credits: number[]; readonly channel: number }[] = [];
  let waits = 0;
  let left = load.messages;

  const send = (core: number, t: number): void => {
    const own = senders[core];
    const { x, y, port } = cores[core];
    while (own.next < load.starts[core + 1] && load.ready[own.next] + own.lag <= t) {
      const ready = load.ready[own.next] + own.lag;
      const network = inTurn(own.turn, networks).find((n) => own.entered[n] !== t && mostFree(own.credits[n]) >= 0);
      if (network === undefined) return;
      const channel = mostFree(own.credits[network]);
      take(own.credits[network], channel);
      put(mesh, at(network, x, y).ports[SIDES + port].buffers[channel], { message: own.next, at: t });
      own.entered[network] = t;
      own.turn = (network + 1) % networks;
      waits -= ready;
      if (mesh.stall) own.lag += t - Math.ceil(ready);
      own.next++;
    }
  };
  const receive = (core: number, t: number): void => {
    const own = receivers[core];
    const { x, y, port } = cores[core];
    for (;;) {
      const heads = own.queues.map((q) => q[0]?.at ?? Infinity);
      const network = heads.indexOf(Math.min(...heads));
      const start = Math.max(own.busy, heads[network]);
      if (start > t) return;
      const { message } = own.queues[network].shift()!;
      own.busy = start + load.work[message];
      freed.push({ credits: at(network, x, y).ports[SIDES + port].credits, channel: 0 });
      left--;
    }
  };
  const out = (router: Router, message: number): number => {
    const home = cores[load.to[message]];
    if (router.x !== home.x) return router.x < home.x ? 0 : 1;
    if (router.y !== home.y) return router.y < home.y ? 2 : 3;
    return SIDES + home.port;
  };
  const offer = (router: Router, port: Port, t: number): { readonly channel: number; readonly output: number } | null => {
    for (let k = 0; k < mesh.virtualChannels; k++) {
      const channel = (port.turnIn + k) % mesh.virtualChannels;
      const flit = port.buffers[channel][0];
      if (flit === undefined || flit.at > t) continue;
      const output = out(router, flit.message);
      const behind = router.ports[output];
      if (behind.busyUntil <= t && mostFree(behind.credits) >= 0) return { channel, output };
    }
    return null;
  };
  const move = (router: Router, input: number, offered: { readonly channel: number; readonly output: number }, t: number): void => {
    const { channel, output } = offered;
    const { message } = router.ports[input].buffers[channel].shift()!;
    const behind = router.ports[output];
    router.ports[input].turnIn = (channel + 1) % mesh.virtualChannels;
    behind.turnOut = (input + 1) % router.ports.length;
    freed.push({ credits: giver(router, input), channel });
    const into = mostFree(behind.credits);
    take(behind.credits, into);
    if (output >= SIDES) {
      const queue = receivers[load.to[message]].queues[router.network];
      arrival[message] = t + mesh.localCycles;
      waits += arrival[message];
      queue.push({ message, at: arrival[message] });
      if (queue.length > mesh.receiveFlits) throw new Error('internal: a core has more messages than places');
      return;
    }
    const [dx, dy] = STEPS[output];
    const { hop, hold } = mesh.link(router.x, router.y, dx === 0 ? 'y' : 'x', output % 2 === 0 ? 1 : -1);
    behind.busyUntil = t + hold;
    put(mesh, at(router.network, router.x + dx, router.y + dy).ports[output].buffers[into], { message, at: t + hop });
  };
  /** Who counts the free places of an input: the router upstream, or the core. */
  const giver = (router: Router, input: number): number[] => {
    if (input >= SIDES) return senders[cores.findIndex((c) => c.x === router.x && c.y === router.y && c.port === input - SIDES)].credits[router.network];
    const [dx, dy] = STEPS[input];
    return at(router.network, router.x - dx, router.y - dy).ports[input].credits;
  };

  for (let t = 0; left > 0; t++) {
    if (t > CYCLES_AT_MOST) throw new Error(`internal: ${left} messages are stuck`);
    cores.forEach((_, i) => send(i, t));
    cores.forEach((_, i) => receive(i, t));
    for (const router of routers) {
      const offers = router.ports.map((port) => offer(router, port, t));
      router.ports.forEach((port, output) => {
        const input = inTurn(port.turnOut, router.ports.length).find((i) => offers[i]?.output === output);
        if (input !== undefined) move(router, input, offers[input]!, t);
      });
    }
    for (const { credits, channel } of freed.splice(0)) credits[channel]++;
  }
  return { arrival, generated: load.end.map((end, i) => end + senders[i].lag), processed: Float64Array.from(receivers, (r) => r.busy), waits };
}

function buildRouters(mesh: MeshDescription): Router[] {
  const port = (core: boolean): Port => ({
    buffers: Array.from({ length: mesh.virtualChannels }, () => []),
    credits: Array.from({ length: mesh.virtualChannels }, (_, c) => (core ? (c === 0 ? mesh.receiveFlits : 0) : mesh.bufferFlits)),
    turnIn: 0, turnOut: 0, busyUntil: 0,
  });
  return Array.from({ length: mesh.networks * mesh.height * mesh.width }, (_, i): Router => ({
    x: i % mesh.width, y: Math.floor(i / mesh.width) % mesh.height, network: Math.floor(i / (mesh.width * mesh.height)),
    ports: Array.from({ length: SIDES + mesh.coresPerRouter }, (_, p) => port(p >= SIDES)),
  }));
}

/** 0 to count - 1, beginning with `first`. */
const inTurn = (first: number, count: number): number[] => Array.from({ length: count }, (_, k) => (first + k) % count);

/** The first channel with most free places; -1 where none is free. */
const mostFree = (credits: readonly number[]): number => (Math.max(...credits) > 0 ? credits.indexOf(Math.max(...credits)) : -1);

function take(credits: number[], channel: number): void {
  credits[channel]--;
  if (credits[channel] < 0) throw new Error('internal: a credit below zero');
}

function put(mesh: MeshDescription, buffer: Flit[], flit: Flit): void {
  buffer.push(flit);
  if (buffer.length > mesh.bufferFlits) throw new Error('internal: a buffer has more flits than places');
}
