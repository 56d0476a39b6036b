#!/usr/bin/python3
"""bench/plot.py - draws what side_by_side.py and growth.py left in build/ into docs/performance.{png,svg} and
docs/growth.{png,svg}."""
import json
import statistics

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "countersign"       # the same figures give the same file
import matplotlib.pyplot as plt  # noqa: E402

from rig import ROOT  # noqa: E402


def save(figure, name):
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / f"{name}.png", dpi=110)
    figure.savefig(ROOT / "docs" / f"{name}.svg", metadata={"Date": None})


def side_by_side():
    results = json.loads((ROOT / "build" / "side_by_side.json").read_text())
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharex=True)
    for axis, scheme in zip(axes, ("http", "https")):
        base = results[scheme]["nginx proxy_pass"]
        names = list(results[scheme])
        ratios = [[row["cpu"] / pair["cpu"] for row, pair in zip(results[scheme][name], base)] for name in names]
        middle = [statistics.median(row) for row in ratios]
        spread = [[m - min(r) for m, r in zip(middle, ratios)], [max(r) - m for m, r in zip(middle, ratios)]]
        colours = ["#bbbbbb" if name in ("nginx proxy_pass", "HAProxy", "threads alone") else "#2b6cb0" if name == "Countersign" else "#90b4d8"
                   for name in names]
        axis.barh(names, middle, xerr=spread, color=colours, error_kw={"lw": 0.8, "capsize": 2})
        axis.invert_yaxis()
        axis.set_xlim(0, 1.3 * max(middle))              # one bad round makes no other bar unreadable
        axis.set_title(f"upstream {'plain' if scheme == 'http' else 'over TLS'}", fontsize=10)
        axis.set_xlabel("CPU time per request, nginx proxy_pass = 1", fontsize=9)
        for place, value in enumerate(middle):
            axis.text(min(value + spread[1][place], 1.18 * max(middle)) + 0.05, place, f"{value:.2f}", va="center", fontsize=8,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    save(figure, "performance")


def growth():
    results = json.loads((ROOT / "build" / "growth.json").read_text())
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6))
    for what, label in (("rules", "rules"), ("tokens", "tokens"), ("routes", "own routes"), ("ids", "ids in a call")):
        sizes = [max(size, 1) for size in results[what]["sizes"]]
        axes[0].plot(sizes, [cpu / results[what]["cpu"][0] for cpu in results[what]["cpu"]], marker="o", label=label)
    axes[0].set(xscale="log", ylim=(0, None), xlabel="how many", ylabel="CPU per request, fewest = 1")
    axes[0].legend(fontsize=8)
    axes[1].plot([row["calls"] for row in results["slow"]], [row["p99"] for row in results["slow"]], marker="o")
    axes[1].set(xlabel="calls in flight, upstream 500 ms", ylabel="p99, ms", ylim=(0, 1.2 * max(row["p99"] for row in results["slow"])))
    axes[2].plot([row["idle"] for row in results["idle"]], [row["p99"] for row in results["idle"]], marker="o")
    axes[2].set(xlabel="idle connections, upstream 20 ms", ylabel="p99, ms", ylim=(0, 1.2 * max(row["p99"] for row in results["idle"])))
    save(figure, "growth")


if __name__ == "__main__":
    side_by_side()
    growth()
