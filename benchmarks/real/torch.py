"""PyTorch trains a small network on the processor."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "torch",
    ("torch==2.13.0", "numpy"),
    """
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
values = torch.randn(512, 32)
wanted = values.pow(2).sum(1, keepdim=True)
network = torch.nn.Sequential(
    torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(),
    torch.nn.Linear(64, 1),
)
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
for step in range(1_000):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(network(values), wanted)
    loss.backward()
    optimizer.step()
print(round(loss.item(), 3))
""",
    python="3.11",
)
