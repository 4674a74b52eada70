#include "proxy/cli.hpp"

int main(int argc, char** argv) {
  return limpet::run_command_line(argc, argv);
}
