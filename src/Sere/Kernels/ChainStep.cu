// One step of the chain (ChainStep.cs has the formulas): a block computes a row, a thread some of its latents.
struct ChainStepBounds
{
    float mean, log_scale_floor, log_scale_width, log_scale_offset;
    float diagonal_floor, diagonal_width, diagonal_offset, direction;
};

// The unbounded parameters of prior and bijector for one latent, or gradients of them.
struct ChainSaid
{
    float mean, log_scale, offset, diagonal, direction;

    ChainSaid() = default;

    // Of a row's prior (null for N(0, I)), [2, N], and bijector, [3, N], whose parts lie at a distance.
    __device__ ChainSaid(const float* prior, const float* bijector, int at, int distance)
        : mean(prior ? prior[at] : 0), log_scale(prior ? prior[distance + at] : 0),
          offset(bijector[at]), diagonal(bijector[distance + at]), direction(bijector[2 * distance + at])
    {
    }

    __device__ void keep(float* prior, float* bijector, int at, int distance) const
    {
        if (prior)
        {
            prior[at] = mean;
            prior[distance + at] = log_scale;
        }

        bijector[at] = offset;
        bijector[distance + at] = diagonal;
        bijector[2 * distance + at] = direction;
    }
};

// The elementwise part of a step, and what its gradients follow from; Element in ChainStep.cs.
struct ChainElement
{
    float mean_tangent, mean, log_scale_sigmoid, inverse_scale;
    float log_scale_residual, scale_residual, noise, scaled_noise, base_latent;
    float shift, standardized;
    float offset, diagonal_sigmoid, diagonal, direction_tangent, direction;

    // Without a prior's parameters it is N(0, I).
    __device__ ChainElement(
        const ChainSaid& said, bool has_prior, float mean_residual, float log_scale_residual_, float noise_,
        const ChainStepBounds& bounds)
    {
        float log_scale = 0;
        mean_tangent = mean = log_scale_sigmoid = 0;
        if (has_prior)
        {
            mean_tangent = tanhf(said.mean / bounds.mean);
            mean = mean_tangent * bounds.mean;
            log_scale_sigmoid = sigmoid(said.log_scale + bounds.log_scale_offset);
            log_scale = log_scale_sigmoid * bounds.log_scale_width + bounds.log_scale_floor;
        }

        log_scale_residual = log_scale_residual_;
        scale_residual = expf(log_scale_residual);
        noise = noise_;
        inverse_scale = expf(-log_scale);

        // eq. 9: eps = dm + mu ds + s ds noise
        scaled_noise = scale_residual / inverse_scale * noise;
        base_latent = mean_residual + mean * scale_residual + scaled_noise;
        shift = (mean_residual + (scale_residual - 1) * mean) * inverse_scale;
        standardized = (base_latent - mean) * inverse_scale;
        offset = said.offset;
        diagonal_sigmoid = sigmoid(said.diagonal + bounds.diagonal_offset);
        diagonal = diagonal_sigmoid * bounds.diagonal_width + bounds.diagonal_floor;
        direction_tangent = tanhf(said.direction);
        direction = direction_tangent * bounds.direction;
    }

    // Eq. 10 in nats, or log p(eps) - log q(eps).
    __device__ float cost(bool log_ratio) const
    {
        return log_ratio
            ? 0.5f * (noise * noise - standardized * standardized) + log_scale_residual
            : 0.5f * (shift * shift + scale_residual * scale_residual - 1) - log_scale_residual;
    }
};

struct ChainGradients
{
    ChainSaid said;
    float mean_residual, log_scale_residual;
};

// The gradients of one latent. Code and cost are those of z and of the row's cost; projection is u^T eps, pull is
// u^T (gradient of z).
__device__ inline ChainGradients chain_gradients(
    const ChainElement& e, float code, float cost, float projection, float pull, bool log_ratio,
    const ChainStepBounds& bounds)
{
    ChainGradients result;
    result.said.offset = code;
    result.said.diagonal = code * e.base_latent * bounds.diagonal_width * e.diagonal_sigmoid * (1 - e.diagonal_sigmoid);
    result.said.direction = (code * projection + pull * e.base_latent) * bounds.direction
        * (1 - e.direction_tangent * e.direction_tangent);

    // Of eps, and what the cost adds beside it: to mu, log s and log ds, at fixed eps where it is log p - log q.
    float latent = code * e.diagonal + pull * e.direction;
    float mean = 0, log_scale = 0, log_ds = 0, shift = 0;
    if (log_ratio)
    {
        float slope = cost * e.standardized * e.inverse_scale;
        latent -= slope;
        mean = slope;
        log_scale = cost * e.standardized * e.standardized;
        log_ds = cost;
    }
    else
    {
        shift = cost * e.shift * e.inverse_scale;
        mean = shift * (e.scale_residual - 1);
        log_scale = -cost * e.shift * e.shift;
        log_ds = shift * e.scale_residual * e.mean + cost * (e.scale_residual * e.scale_residual - 1);
    }

    result.mean_residual = latent + shift;
    result.log_scale_residual = latent * (e.mean * e.scale_residual + e.scaled_noise) + log_ds;
    mean += latent * e.scale_residual;
    log_scale += latent * e.scaled_noise;
    result.said.mean = mean * (1 - e.mean_tangent * e.mean_tangent);
    result.said.log_scale = log_scale * bounds.log_scale_width * e.log_scale_sigmoid * (1 - e.log_scale_sigmoid);
    return result;
}

// Code [R, N] and cost [R]. Strides are numbers from row to row; the evidence has evidence_rows rows, which serve
// again.
extern "C" __global__ void chain_step_forward(
    const float* prior, long long prior_stride, const float* bijector, long long bijector_stride,
    const float* mean_residual, long long mean_stride, const float* log_scale_residual, long long log_scale_stride,
    const float* noise, long long noise_stride, float* code, float* cost,
    int evidence_rows, int latents, int log_ratio, ChainStepBounds bounds)
{
    __shared__ float scratch[256];
    int row = blockIdx.x;
    int evidence = row % evidence_rows;
    const float* own_prior = prior ? prior + row * prior_stride : 0;
    const float* own_bijector = bijector + row * bijector_stride;
    float sum = 0, projection = 0;
    for (int i = threadIdx.x; i < latents; i += blockDim.x)
    {
        ChainElement e(
            ChainSaid(own_prior, own_bijector, i, latents), prior, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], bounds);
        sum += e.cost(log_ratio);
        projection += e.direction * e.base_latent;
        code[(long long)row * latents + i] = e.offset + e.diagonal * e.base_latent;
    }

    sum = block_sum(sum, scratch);
    projection = block_sum(projection, scratch);
    for (int i = threadIdx.x; i < latents; i += blockDim.x)
    {
        code[(long long)row * latents + i] += tanhf(own_bijector[2 * latents + i]) * bounds.direction * projection;
    }

    if (threadIdx.x == 0)
    {
        cost[row] = sum;
    }
}

// The gradients of all inputs by row, contiguous; the evidence's too, whose samples the caller sums.
extern "C" __global__ void chain_step_backward(
    const float* prior, long long prior_stride, const float* bijector, long long bijector_stride,
    const float* mean_residual, long long mean_stride, const float* log_scale_residual, long long log_scale_stride,
    const float* noise, long long noise_stride, const float* code_gradient, const float* cost_gradient,
    float* prior_gradient, float* bijector_gradient, float* mean_gradient, float* log_scale_gradient,
    int evidence_rows, int latents, int log_ratio, ChainStepBounds bounds)
{
    __shared__ float scratch[256];
    long long row = blockIdx.x;
    long long evidence = row % evidence_rows;
    const float* own_prior = prior ? prior + row * prior_stride : 0;
    const float* own_bijector = bijector + row * bijector_stride;
    const float* codes = code_gradient + row * latents;
    float projection = 0, pull = 0;
    for (int i = threadIdx.x; i < latents; i += blockDim.x)
    {
        ChainElement e(
            ChainSaid(own_prior, own_bijector, i, latents), prior, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], bounds);
        projection += e.direction * e.base_latent;
        pull += e.direction * codes[i];
    }

    projection = block_sum(projection, scratch);
    pull = block_sum(pull, scratch);
    for (int i = threadIdx.x; i < latents; i += blockDim.x)
    {
        ChainElement e(
            ChainSaid(own_prior, own_bijector, i, latents), prior, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], bounds);
        ChainGradients gradients =
            chain_gradients(e, codes[i], cost_gradient[row], projection, pull, log_ratio, bounds);
        gradients.said.keep(
            prior_gradient ? prior_gradient + row * 2 * latents : 0, bijector_gradient + row * 3 * latents, i, latents);
        mean_gradient[row * latents + i] = gradients.mean_residual;
        log_scale_gradient[row * latents + i] = gradients.log_scale_residual;
    }
}
