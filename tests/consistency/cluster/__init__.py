"""What a cell of the matrix is made of: hosts and their network, etcd, members, proxies, clients, faults and changes."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", "integration"))  # for its harness
