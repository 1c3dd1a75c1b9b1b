"""The same four models in PyTorch, and the plain loop that trains them."""

import torch
from torch import nn
from torch.nn import functional


def softmax():
    """Softmax regression, RMSprop."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    return model, torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9)


def mlp():
    """784-512-512-10 with dropout, RMSprop."""
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
    )
    return model, torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9)


def lenet5():
    """LeNet-5 in its modern form, Adam."""
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    return model, torch.optim.Adam(model.parameters(), 1e-3)


class Block(nn.Module):
    """Two convolutions and a shortcut without parameters."""

    def __init__(self, num_inputs, num_outputs, stride):
        super().__init__()
        self.stride, self.margin = stride, (num_outputs - num_inputs) // 2
        self.conv1 = nn.Conv2d(num_inputs, num_outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(num_outputs)
        self.conv2 = nn.Conv2d(num_outputs, num_outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(num_outputs)

    def forward(self, x):
        """Add the block to its input."""
        shortcut = x
        if self.stride == 2:
            shortcut = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.margin, self.margin))
        hidden = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(hidden)) + shortcut)


def resnet20():
    """ResNet-20 for small images, option A, SGD with momentum."""
    parts = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    num_inputs = 16
    for stage, channels in enumerate((16, 32, 64)):
        for number in range(3):
            parts.append(Block(num_inputs, channels, 2 if stage and not number else 1))
            num_inputs = channels
    model = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    return model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)


def epochs(model, optimizer, inputs, targets, batch_size, num_epochs, clock):
    """Train, and return the seconds of each epoch.

    The whole set lies in memory as tensors and batches are gathered by a shuffled index, the
    fastest plain form; a `DataLoader` over single examples is several times slower.
    """
    inputs = torch.from_numpy(inputs).permute(0, 3, 1, 2).contiguous()
    targets = torch.from_numpy(targets)
    seconds = []
    for _ in range(num_epochs):
        begin, total = clock(), 0.0
        order = torch.randperm(len(targets))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            optimizer.zero_grad()
            logits = model(inputs[chosen].float() / 255)
            loss = functional.cross_entropy(logits, targets[chosen])
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds.append(clock() - begin)
    return seconds
