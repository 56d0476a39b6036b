"""Rounds in which peers take turns, and the rows of docs/performance.md: medians, the spread, and with which settings."""

import statistics


def interleaved(peers, rounds, load):
    """{name: [row of each round]}; a row is the load's, with the CPU microseconds of a request and the MiB resident."""
    found = {name: [] for name in peers}
    for peer in peers.values():
        load(peer)                                                 # warm
    for _ in range(rounds):
        for name, peer in peers.items():
            before = peer.cpu()
            row = dict(load(peer))
            row["done"] = row["done"] if "done" in row else row["requests"]
            row["cpu"] = (peer.cpu() - before) / max(row["done"], 1) * 1e6
            row["bad"] = row["failed"] + row.get("lost", 0)
            row["rss"] = peer.rss()
            found[name].append(row)
    return found


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def ratios(rows, base):
    """To the same round of the first."""
    return [row["cpu"] / other["cpu"] for row, other in zip(rows, base)]


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def print_table(title, found, settings):
    """Markdown; the first peer is 1.  `settings`: how each was set, by name."""
    base = next(iter(found.values()))
    print(f"\n**{title}**, {len(base)} interleaved rounds\n")
    print("| | CPU, first = 1 | us CPU a request | req/s a core | p50 ms | p99 ms | MiB | reconnects | failed | settings |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, rows in found.items():
        cpu = median(rows, "cpu")
        print(f"| {name} | {spread(ratios(rows, base))} | {cpu:.1f} | {1e6 / cpu:,.0f} | {median(rows, 'p50'):.2f} | "
              f"{median(rows, 'p99'):.2f} | {median(rows, 'rss'):.1f} | {sum(row.get('reconnects', 0) for row in rows)} | "
              f"{sum(row['bad'] for row in rows)} | {settings[name]} |", flush=True)
