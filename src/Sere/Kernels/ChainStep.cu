// One step of the chain (ChainStep.cs has the formulas): a block computes a row, a thread some of its latents.
struct ChainStepBounds
{
    float mean, log_scale_floor, log_scale_width, log_scale_offset;
    float diagonal_floor, diagonal_width, diagonal_offset, direction;
};

// The elementwise part of a step, and what its gradients follow from; Element in ChainStep.cs.
struct ChainElement
{
    float mean_tangent, mean, log_scale_sigmoid, inverse_scale;
    float log_scale_residual, scale_residual, noise, scaled_noise, base_latent;
    float shift, standardized;
    float offset, diagonal_sigmoid, diagonal, direction_tangent, direction;

    // Prior (null for N(0, I)) and bijector of a row, [2 N] and [3 N].
    __device__ ChainElement(
        const float* prior, const float* bijector, float mean_residual, float log_scale_residual_, float noise_,
        int latents, int i, const ChainStepBounds& bounds)
    {
        float log_scale = 0;
        mean_tangent = mean = log_scale_sigmoid = 0;
        if (prior)
        {
            mean_tangent = tanhf(prior[i] / bounds.mean);
            mean = mean_tangent * bounds.mean;
            log_scale_sigmoid = sigmoid(prior[latents + i] + bounds.log_scale_offset);
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
        offset = bijector[i];
        diagonal_sigmoid = sigmoid(bijector[latents + i] + bounds.diagonal_offset);
        diagonal = diagonal_sigmoid * bounds.diagonal_width + bounds.diagonal_floor;
        direction_tangent = tanhf(bijector[2 * latents + i]);
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

// The gradients of one latent. Code and cost are those of z and of the row's cost; projection is u^T eps, pull is
// u^T (gradient of z). Prior may be null.
__device__ inline void chain_gradients(
    const ChainElement& e, float code, float cost, float projection, float pull, bool log_ratio,
    const ChainStepBounds& bounds, int latents, int i,
    float* prior, float* bijector, float* mean_residual, float* log_scale_residual)
{
    bijector[i] = code;
    bijector[latents + i] =
        code * e.base_latent * bounds.diagonal_width * e.diagonal_sigmoid * (1 - e.diagonal_sigmoid);
    bijector[2 * latents + i] = (code * projection + pull * e.base_latent) * bounds.direction
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

    *mean_residual = latent + shift;
    *log_scale_residual = latent * (e.mean * e.scale_residual + e.scaled_noise) + log_ds;
    if (prior)
    {
        mean += latent * e.scale_residual;
        log_scale += latent * e.scaled_noise;
        prior[i] = mean * (1 - e.mean_tangent * e.mean_tangent);
        prior[latents + i] = log_scale * bounds.log_scale_width * e.log_scale_sigmoid * (1 - e.log_scale_sigmoid);
    }
}

// Code [R, N] and cost [R]. Strides are numbers from row to row; the evidence has evidence_rows rows, which serve again.
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
            own_prior, own_bijector, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], latents, i, bounds);
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
            own_prior, own_bijector, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], latents, i, bounds);
        projection += e.direction * e.base_latent;
        pull += e.direction * codes[i];
    }

    projection = block_sum(projection, scratch);
    pull = block_sum(pull, scratch);
    for (int i = threadIdx.x; i < latents; i += blockDim.x)
    {
        ChainElement e(
            own_prior, own_bijector, mean_residual[evidence * mean_stride + i],
            log_scale_residual[evidence * log_scale_stride + i], noise[row * noise_stride + i], latents, i, bounds);
        chain_gradients(
            e, codes[i], cost_gradient[row], projection, pull, log_ratio, bounds, latents, i,
            prior_gradient ? prior_gradient + row * 2 * latents : 0, bijector_gradient + row * 3 * latents,
            mean_gradient + row * latents + i, log_scale_gradient + row * latents + i);
    }
}
