#pragma once

namespace limpet {

/// The whole program: reads the command line and does what it asks. Returns the process's exit code.
int run_command_line(int argc, char** argv);

} // namespace limpet
