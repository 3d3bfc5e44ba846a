// sum over blocks and dimensions of x logit - log(1 + e^logit), [rows]: a block has one row of logits [S, rows, D];
// data [S, batch, D], mask [S, D].
extern "C" __global__ void bernoulli_forward(
    const float* logits, const float* data, const float* mask, float* total, int stack, int rows, int batch, int width)
{
    __shared__ double scratch[128];
    long long row = blockIdx.x;
    double sum = 0;
    for (int i = threadIdx.x; i < stack * width; i += blockDim.x)
    {
        int block = i / width, dimension = i % width;
        float logit = logits[(block * (long long)rows + row) * width + dimension];
        float x = data[(block * (long long)batch + row % batch) * width + dimension];
        sum += (x * logit - softplus(logit)) * mask[i];
    }

    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0)
    {
        total[row] = (float)sum;
    }
}

// g (x - sigmoid(logit)) where the mask is 1.
extern "C" __global__ void bernoulli_backward(
    const float* gradient, const float* logits, const float* data, const float* mask, float* result,
    long long count, int rows, int batch, int width)
{
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        int dimension = (int)(i % width);
        long long row = i / width % rows, block = i / width / rows;
        float x = data[(block * batch + row % batch) * width + dimension];
        result[i] = (x - sigmoid(logits[i])) * mask[block * width + dimension] * gradient[row];
    }
}
