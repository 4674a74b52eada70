#pragma once

namespace limpet::ops {

/// What the kernel tells of this process. 0 where it does not.
struct process_usage {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double open_fds = 0;
  double max_fds = 0; ///< the soft limit
  double start_unix_seconds = 0;
};

/// Reads /proc (proc(5)).
process_usage read_process_usage();

} // namespace limpet::ops
