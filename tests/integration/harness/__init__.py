"""What the integration tests start and talk with: real programs on free ports, and peers that do as a test says."""
