"""The networks in PyTorch, for training, for GPUs and for weights that have no OpenVINO form yet."""
