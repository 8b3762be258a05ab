# Processor seconds of one training step of the network of learning-step-child.mjs in PyTorch, as its fastest
# hand-written loop on a processor: step by step, triangular surrogate, LIF 0.9, soft reset, batch 32, T = 10,
# Poisson spikes of the image, one thread. Forward, backward and Adam. Prints JSON: the best of three steps.
import json, time
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(1)
T, BATCH, RATE = 10, 32, 0.14


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(context, z):
        context.save_for_backward(z)
        return (z >= 0).to(z.dtype)

    @staticmethod
    def backward(context, slope):
        (z,) = context.saved_tensors
        return slope * (1 - z.abs()).clamp_min_(0)


layers = [
    (nn.Identity(), nn.Conv2d(3, 64, 3, padding=1, bias=False)), (nn.Identity(), nn.Conv2d(64, 64, 3, padding=1, bias=False)),
    (nn.AvgPool2d(2), nn.Conv2d(64, 128, 3, padding=1, bias=False)), (nn.Sequential(nn.AvgPool2d(2), nn.Flatten()), nn.Linear(8192, 256, bias=False)),
]
readout = nn.Linear(256, 10, bias=False)


def neurons(current, v):
    u = current if v is None else 0.9 * v + current
    s = Spike.apply(u - 1.0)
    return s, u - s


def forward(images):
    potentials, scores, counts = [None] * len(layers), 0, [0.0] * len(layers)
    for _ in range(T):
        x = (torch.rand_like(images) < images).float()
        for i, (pool, weights) in enumerate(layers):
            x, potentials[i] = neurons(weights(pool(x)), potentials[i])
            counts[i] += x.detach()
        scores = scores + readout(x)
    return scores / T, [(c / T).mean().item() for c in counts]


def tune(images):
    """Scales each layer until its neurons spike at the wanted rate."""
    with torch.no_grad():
        for i, (_, weights) in enumerate(layers):
            weights.weight.normal_()
            start, low, high = weights.weight.clone(), 1e-4, 1e2
            for _ in range(14):
                middle = (low * high) ** 0.5
                weights.weight.copy_(start * middle)
                low, high = (low, middle) if forward(images)[1][i] > RATE else (middle, high)


images, labels = torch.rand(BATCH, 3, 32, 32) * 0.8, torch.randint(0, 10, (BATCH,))
tune(images[:2])
optimiser = torch.optim.Adam([w.weight for _, w in layers] + [readout.weight], lr=1e-6)
best = float('inf')
for _ in range(4):
    began = time.process_time()
    scores, rates = forward(images)
    loss = nn.functional.cross_entropy(scores, labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    best = min(best, time.process_time() - began)
print(json.dumps({'seconds': best, 'rates': rates, 'version': torch.__version__}))
