"""The self-reflective VAE with perceptrons, written layer by layer."""

import math

import torch
from torch import nn
from torch.nn import functional


def logit(probability):
    return math.log(probability / (1 - probability))


def perceptron(inputs, hidden, outputs):
    layers = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ELU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class LatentLayer(nn.Module):
    """Prior, posterior (eq. 9), divergence (eq. 10) and bijector of one layer. Layer 0 has no code to depend on."""

    def __init__(self, settings, first):
        super().__init__()
        latents = settings["latents"]
        self.settings = settings
        self.log_floor = math.log(settings["scaleFloor"])
        self.log_ceiling = math.log(settings["scaleCeiling"])
        self.direction_bound = math.sqrt(min(1, 10 / latents))
        if first:
            self.prior = None
            self.constant = nn.Parameter(torch.zeros(3 * latents))
        else:
            self.prior = perceptron(latents, settings["priorHidden"], 2 * latents)
            self.bijector = perceptron(latents, settings["bijectorHidden"], 3 * latents)

    def forward(self, code, mean_residual, log_scale_residual, noise):
        scale_residual = log_scale_residual.exp()
        if self.prior is None:
            mean = torch.zeros_like(noise)
            log_scale = torch.zeros_like(noise)
            shift, diagonal, direction = self.constant.chunk(3)
        else:
            mean, log_scale = self.prior(code).chunk(2, dim=-1)
            bound = self.settings["meanBound"]
            mean = bound * torch.tanh(mean / bound)
            log_scale = self.interval(log_scale, self.log_floor, self.log_ceiling, 0)
            shift, diagonal, direction = self.bijector(code).chunk(3, dim=-1)

        latent = mean * scale_residual + mean_residual + torch.exp(log_scale + log_scale_residual) * noise
        distance = (mean_residual - (1 - scale_residual) * mean) / log_scale.exp()
        divergence = 0.5 * distance**2 + 0.5 * scale_residual**2 - log_scale_residual - 0.5

        diagonal = self.interval(diagonal, self.settings["diagonalFloor"], self.settings["diagonalCeiling"], 1)
        direction = self.direction_bound * torch.tanh(direction)
        projection = (direction * latent).sum(-1, keepdim=True)
        return shift + diagonal * latent + direction * projection, divergence.sum(-1)

    @staticmethod
    def interval(x, floor, ceiling, start):
        return floor + (ceiling - floor) * torch.sigmoid(x + logit((start - floor) / (ceiling - floor)))


class DataLayer(nn.Module):
    """Logits of one block: of its code and, from the second block on, of the block before."""

    def __init__(self, settings, previous, pixels):
        super().__init__()
        hidden = settings["dataHidden"]
        width = hidden[-1]
        self.trunk = nn.Sequential(perceptron(settings["latents"], hidden[:-1], width), nn.ELU())
        self.head = nn.Linear(width, pixels)
        self.evidence = None
        if previous > 0:
            self.evidence = perceptron(previous, hidden[:-1], width)
            self.join = nn.Linear(width, width, bias=False)
            self.residual = nn.Linear(width, pixels)

    def forward(self, code, previous):
        hidden = self.trunk(code)
        logits = self.head(hidden)
        if self.evidence is None:
            return logits
        return logits + self.residual(functional.elu(self.evidence(previous) + self.join(hidden)))


class SelfReflectiveAutoencoder(nn.Module):
    def __init__(self, settings):
        super().__init__()
        layers, latents, dimensions = settings["layers"], settings["latents"], settings["dimensions"]
        size = -(-dimensions // layers)
        self.latents = latents
        self.sizes = [min(size, dimensions - layer * size) for layer in range(layers)]
        self.residual_offset = logit(settings["initialResidualScale"])
        self.encoders = nn.ModuleList(
            perceptron(dimensions, settings["evidenceHidden"], 2 * latents) for _ in range(layers))
        self.latent_layers = nn.ModuleList(LatentLayer(settings, layer == 0) for layer in range(layers))
        self.data_layers = nn.ModuleList(
            DataLayer(settings, previous, pixels) for previous, pixels in zip([0, *self.sizes], self.sizes))

    def forward(self, x, noise):
        """log p(x | z) and the divergence of images [B, D] in nats, each [B]."""
        blocks = x.split(self.sizes, dim=1)
        noises = noise.split(self.latents, dim=1)
        code = previous = None
        log_likelihood = divergence = 0
        for layer, encoder in enumerate(self.encoders):
            mean_residual, log_scale_residual = encoder(x).chunk(2, dim=-1)
            log_scale_residual = functional.logsigmoid(log_scale_residual + self.residual_offset)
            code, cost = self.latent_layers[layer](code, mean_residual, log_scale_residual, noises[layer])
            logits = self.data_layers[layer](code, previous)
            previous = blocks[layer]
            log_likelihood = log_likelihood - functional.binary_cross_entropy_with_logits(
                logits, previous, reduction="none").sum(-1)
            divergence = divergence + cost
        return log_likelihood, divergence
