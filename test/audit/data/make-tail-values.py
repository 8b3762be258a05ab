# Writes tail-values.json beside this file: tails of the normal distribution, ln Gamma, binomial intervals and
# Renyi moments with 50 digits by mpmath (1.3.0 was used), rounded to 25. With --coefficients it prints the
# Chebyshev coefficients of src/audit/accountant/normal-tails.ts. Arguments are doubles, taken exactly.
#   python3 make-tail-values.py
import json, os, sys
from mpmath import mp, mpf, betainc, cos, erfc, exp, log, loggamma, ncdf, nstr, pi, quad, sqrt

mp.dps = 50
text = lambda v: nstr(v, 25)

if '--coefficients' in sys.argv:
    n, centre = 64, mpf('3.75')
    points = [cos(pi * (mpf(i) + mpf(1) / 2) / n) for i in range(n)]
    scaled = lambda x: (1 + 2 * x) * exp(x * x) * erfc(x)
    values = [scaled(centre * (1 + t) / (1 - t)) for t in points]
    for k in range(26):
        c = mpf(2) / n * sum(values[i] * cos(pi * k * (i + mpf(1) / 2) / n) for i in range(n))
        print(nstr(c / 2 if k == 0 else c, 20))
    sys.exit()

logErfc = lambda x: log(erfc(x))
arguments = [-1e5, -300, -40, -27, -8.5, -6, -5, -3, -2, -1, -0.75, -0.5, -0.1, -1e-3, -1e-10, 0, 1e-300, 1e-10, 1e-3, 0.1, 0.3, 0.46875,
             0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.75, 4, 5, 6, 8, 10, 15, 20, 26, 26.5, 27, 40, 300, 1e4, 1e5]
asymptotic = lambda x: -x * x - log(x * sqrt(pi)) + log(sum((-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(12)))
tails = []
for x in arguments:
    m = mpf(x)
    value = asymptotic(m) if m > 1000 else logErfc(m)
    lower = asymptotic(-m / sqrt(2)) - log(2) if m < -1000 else log(ncdf(m)) if m < 0 else mp.log1p(-erfc(m / sqrt(2)) / 2)
    tails.append({'x': x, 'erfc': text(erfc(m)) if m < 1000 else '0', 'logErfc': text(value), 'logCdf': text(lower)})

def root(low, high, above):
    low, high = mpf(low), mpf(high)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return high

quantiles = [{'p': p, 'x': text(root(-50, 50, lambda x: ncdf(x) > mpf(p)) if p != 0.5 else mpf(0))} for p in
             [1e-300, 1e-100, 1e-16, 1e-5, 0.001, 0.02425, 0.1, 0.3, 0.4999, 0.5, 0.6, 0.9, 0.999, 1 - 1e-10]]

gammas = [{'x': x, 'value': text(loggamma(mpf(x)))} for x in [1e-8, 0.1, 0.5, 1.5, 2.5, 3.7, 11.99, 12, 30.25, 171.5, 1025, 1e6]]
betas = [{'x': x, 'a': a, 'b': b, 'value': text(betainc(a, b, 0, mpf(x), regularized=True))} for x, a, b in
         [(0.1, 2, 3), (0.5, 0.5, 0.5), (0.01, 10, 991), (0.001, 1, 1000), (0.9, 500, 20), (0.02, 1, 10), (0.3, 300, 700), (0.2, 300, 700)]]

# E[((1-q) + q exp((2z-1)/(2 s^2)))^a] over z ~ N(0, s^2), by quadrature
def moment(q, s, a):
    q, s, a = mpf(q), mpf(s), mpf(a)
    f = lambda z: (mp.power((1 - q) + q * exp((2 * z - 1) / (2 * s * s)), a) - 1) * exp(-z * z / (2 * s * s)) / (s * sqrt(2 * pi))
    top = a + 30 * s
    return mp.log1p(quad(f, mp.linspace(-30 * s, top, 240)))
moments = [{'rate': q, 'noise': s, 'order': a, 'logMoment': text(moment(q, s, a))} for q, s, a in
           [(0.01, 1.0, 1.05), (0.02, 0.4, 2.6), (0.9, 2.0, 1.3), (0.5, 5.0, 1.1), (1e-4, 0.7, 3.3), (0.25, 1.5, 7.0)]]

# epsilon of one step, from its hockey-stick divergence in closed form
def oneStep(q, s, d):
    q, s, d = mpf(q), mpf(s), mpf(d)
    tail = lambda t: erfc(t / sqrt(2)) / 2
    def delta(e):
        x = s * s * log((exp(e) - (1 - q)) / q) + mpf(1) / 2
        return (1 - q) * tail(x / s) + q * tail((x - 1) / s) - exp(e) * tail(x / s)
    return root(0, 400, lambda e: delta(e) < d)
steps = [{'rate': q, 'noise': s, 'delta': d, 'epsilon': text(oneStep(q, s, d))} for q, s, d in
         [(0.01, 1.0, 1e-5), (1e-4, 0.5, 1e-5), (1e-5, 3.0, 1e-6), (0.5, 0.3, 1e-10), (1.0, 2.0, 1e-30), (0.2, 10.0, 1e-5)]]

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tail-values.json'), 'w') as file:
    json.dump({'madeBy': 'make-tail-values.py with mpmath ' + __import__('mpmath').__version__, 'tails': tails, 'quantiles': quantiles,
               'logGamma': gammas, 'incompleteBeta': betas, 'moments': moments, 'oneStep': steps}, file, indent=1)
    file.write('\n')
