// Pixels under mixtures of discretized logistics; LogisticMixtureLogLikelihood.cs and DiscretizedLogisticMixture.cs have the
// formulas.
struct MixtureShape
{
    int channels, mixtures, levels;
    float scale_floor;
};

// A pixel: its parameters and channels follow each other at a stride.
struct MixturePixel
{
    const MixtureShape& shape;
    const float* parameters;
    const float* data;
    int stride;

    __device__ float parameter(int index) const
    {
        return parameters[(long long)index * stride];
    }

    __device__ float level(int channel) const
    {
        return rintf(data[(long long)channel * stride] * (shape.levels - 1));
    }

    // In [-1, 1].
    __device__ float value(int channel) const
    {
        return level(channel) * (2.0f / (shape.levels - 1)) - 1;
    }

    __device__ int coefficient(int channel, int earlier, int m) const
    {
        return shape.mixtures * (1 + 2 * shape.channels + channel * (channel - 1) / 2 + earlier) + m;
    }

    // log-mass of a channel under component m, and its slopes in mean and scale where asked.
    __device__ float log_mass(int channel, int m, float* slopes) const
    {
        int place = shape.mixtures + channel * shape.mixtures + m;
        float mean = parameter(place);
        for (int earlier = 0; earlier < channel; earlier++)
        {
            mean += tanhf(parameter(coefficient(channel, earlier, m))) * value(earlier);
        }

        float raw = parameter(place + shape.channels * shape.mixtures);
        float inverse = 1 / (softplus(raw) + shape.scale_floor);
        float half = 1.0f / (shape.levels - 1);
        float distance = value(channel) - mean;
        float a = (distance + half) * inverse, b = (distance - half) * inverse, bin = 2 * half * inverse;
        float inside = -expm1f(-bin);
        float not_last = level(channel) < shape.levels - 1, not_first = level(channel) > 0;
        if (slopes)
        {
            float left = sigmoid(-a) * not_last, right = sigmoid(b) * not_first;
            float width = not_last * not_first * (1 - inside) / inside;
            slopes[0] = (right - left) * inverse;
            slopes[1] = (right * b - left * a - width * bin) * inverse * sigmoid(raw);
        }

        return not_last * not_first * logf(inside) - softplus(-a) * not_last - softplus(b) * not_first;
    }

    // Logit and log-mass of component m together.
    __device__ float joint(int m) const
    {
        float mass = parameter(m);
        for (int channel = 0; channel < shape.channels; channel++)
        {
            mass += log_mass(channel, m, 0);
        }

        return mass;
    }

    // log sum exp of the joints, and of the logits.
    __device__ void sums(float* log_joint, float* log_weights) const
    {
        float most = -1e30f, most_logit = -1e30f, sum = 0, logit_sum = 0;
        for (int m = 0; m < shape.mixtures; m++)
        {
            float mass = joint(m), logit = parameter(m);
            float larger = fmaxf(most, mass), larger_logit = fmaxf(most_logit, logit);
            sum = sum * expf(most - larger) + expf(mass - larger);
            logit_sum = logit_sum * expf(most_logit - larger_logit) + expf(logit - larger_logit);
            most = larger;
            most_logit = larger_logit;
        }

        *log_joint = most + logf(sum);
        *log_weights = most_logit + logf(logit_sum);
    }
};

// The sum over blocks and pixels, [rows]: a block of threads has one row of parameters [S, rows, P pixels]; data
// [S, batch, C pixels], mask [S, C pixels], of which the first channel's counts.
extern "C" __global__ void mixture_forward(
    const float* parameters, const float* data, const float* mask, float* total,
    int stack, int rows, int batch, int parameter_count, int width, MixtureShape shape)
{
    __shared__ double scratch[128];
    long long row = blockIdx.x;
    int pixels = width / shape.channels;
    double sum = 0;
    for (int i = threadIdx.x; i < stack * pixels; i += blockDim.x)
    {
        long long block = i / pixels;
        int at = i % pixels;
        MixturePixel pixel = {
            shape, parameters + (block * rows + row) * parameter_count + at,
            data + (block * batch + row % batch) * width + at, pixels };
        float log_joint, log_weights;
        pixel.sums(&log_joint, &log_weights);
        sum += (log_joint - log_weights) * mask[block * width + at];
    }

    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0)
    {
        total[row] = (float)sum;
    }
}

// The gradients of all parameters; a thread has a pixel.
extern "C" __global__ void mixture_backward(
    const float* gradient, const float* parameters, const float* data, const float* mask, float* result,
    long long count, int rows, int batch, int parameter_count, int width, MixtureShape shape)
{
    int pixels = width / shape.channels;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        int at = (int)(i % pixels);
        long long row = i / pixels % rows, block = i / pixels / rows;
        long long start = (block * rows + row) * parameter_count + at;
        MixturePixel pixel = { shape, parameters + start, data + (block * batch + row % batch) * width + at, pixels };
        float* target = result + start;
        float factor = gradient[row] * mask[block * width + at];
        float log_joint, log_weights;
        pixel.sums(&log_joint, &log_weights);
        for (int m = 0; m < shape.mixtures; m++)
        {
            float share = expf(pixel.joint(m) - log_joint) * factor;
            target[(long long)m * pixels] = share - expf(pixel.parameter(m) - log_weights) * factor;
            for (int channel = 0; channel < shape.channels; channel++)
            {
                float slopes[2];
                pixel.log_mass(channel, m, slopes);
                int place = shape.mixtures + channel * shape.mixtures + m;
                float slope = slopes[0] * share;
                target[(long long)place * pixels] = slope;
                target[(long long)(place + shape.channels * shape.mixtures) * pixels] = slopes[1] * share;
                for (int earlier = 0; earlier < channel; earlier++)
                {
                    int coefficient = pixel.coefficient(channel, earlier, m);
                    float tangent = tanhf(pixel.parameter(coefficient));
                    target[(long long)coefficient * pixels] = slope * pixel.value(earlier) * (1 - tangent * tangent);
                }
            }
        }
    }
}
