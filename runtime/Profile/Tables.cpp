// SPDX-License-Identifier: Apache-2.0
//
// Tables of a profile.
//
// Sums of launches in; the same launches by kernel, by layer and by source
// line, dearest first, out.

#include "runtime/Profile/Profile.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace lamina {
namespace runtime {

/// Rows that take less of the time are one row at the end.
static constexpr double shownShare = 0.0005;

namespace {

struct Row {
  std::string name;
  LaunchTotal total;
};

} // namespace

/// One row for each name that `nameOf` gives a launch.
static std::vector<Row>
rowsBy(const SiteTotals &sites,
       const std::function<std::string(const LaunchSite &)> &nameOf) {
  std::map<std::string, LaunchTotal> totals;
  for (const auto &[site, launches] : sites)
    totals[nameOf(*site)].add(launches);
  std::vector<Row> rows;
  for (const auto &[name, total] : totals)
    rows.push_back({name, total});
  std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) {
    return a.total.seconds != b.total.seconds
               ? a.total.seconds > b.total.seconds
               : a.name < b.name;
  });
  return rows;
}

/// A rate in units of 1e9 a second, and its share of `peak` if that is known.
static std::string rate(double amount, double seconds, double peak) {
  double perSecond = amount / std::max(seconds, 1e-12);
  char text[40];
  std::snprintf(text, sizeof text, " %9.2f", perSecond * 1e-9);
  std::string out = text;
  if (peak > 0) {
    std::snprintf(text, sizeof text, " %5.1f", perSecond / peak * 100);
    out += text;
  }
  return out;
}

static std::string rowText(const std::string &name, const LaunchTotal &row,
                           double allSeconds, const DevicePeak &peak,
                           double runs) {
  char line[80];
  std::snprintf(line, sizeof line, "%10.3f %6.1f %9.6g",
                row.seconds / runs * 1e3,
                allSeconds > 0 ? row.seconds / allSeconds * 100 : 0,
                double(row.calls) / runs);
  return line + rate(row.flops, row.seconds, peak.flops) +
         rate(row.bytes, row.seconds, peak.bytes) + "  " + name + "\n";
}

static std::string print(const std::string &title, const std::vector<Row> &rows,
                         const DevicePeak &peak, double runs) {
  double allSeconds = 0;
  for (const Row &row : rows)
    allSeconds += row.total.seconds;
  const char *flopShare = peak.flops > 0 ? "     %" : "";
  const char *byteShare = peak.bytes > 0 ? "     %" : "";
  char line[160];
  std::snprintf(line, sizeof line, "%10s %6s %9s %9s%s %9s%s  %s\n", "ms", "%",
                "calls", "GFLOP/s", flopShare, "GB/s", byteShare,
                title.c_str());
  std::string out = line;
  LaunchTotal others;
  int64_t otherCount = 0;
  for (const Row &row : rows) {
    if (row.total.seconds >= allSeconds * shownShare) {
      out += rowText(row.name, row.total, allSeconds, peak, runs);
      continue;
    }
    others.add(row.total);
    ++otherCount;
  }
  if (otherCount > 0)
    out += rowText(join("(", counted(otherCount, "row"), " of less)"), others,
                   allSeconds, peak, runs);
  return out;
}

std::string kernelTable(const Program &program, const SiteTotals &sites,
                        const DevicePeak &peak, double runs) {
  auto nameOf = [&](const LaunchSite &site) {
    const KernelInfo &kernel = program.kernels[site.kernel];
    return join(kernel.name, " ", kernel.kind, site.line.empty() ? "" : " ",
                site.line);
  };
  std::string out;
  if (peak.flops > 0) {
    char line[160];
    std::snprintf(
        line, sizeof line,
        peak.isMeasured
            ? "this machine computes %.1f GFLOP/s from registers and "
              "copies %.1f GB/s of memory: %% is the share of these\n"
            : "by its clocks this device computes %.1f GFLOP/s in "
              "float32 and reads %.1f GB/s of memory: %% is the share "
              "of these\n",
        peak.flops * 1e-9, peak.bytes * 1e-9);
    out = line;
  }
  return out + print("kernel", rowsBy(sites, nameOf), peak, runs);
}

std::string layerTable(const SiteTotals &sites, const DevicePeak &peak) {
  return print("layer",
               rowsBy(sites,
                      [](const LaunchSite &site) {
                        return site.layer.empty() ? "(no layer)" : site.layer;
                      }),
               peak, 1);
}

std::string lineTable(const SiteTotals &sites, const DevicePeak &peak) {
  return print("source line",
               rowsBy(sites,
                      [](const LaunchSite &site) {
                        // Columns tell ops of one line apart, not lines.
                        size_t column = site.line.rfind(':');
                        return site.line.empty() ? "(no line)"
                                                 : site.line.substr(0, column);
                      }),
               peak, 1);
}

} // namespace runtime
} // namespace lamina
