// y = a(y + bias + addend) where it lies: y [S, R, O], bias [S, O] or null, addend [S, addend_rows, O] or null.
extern "C" __global__ void perceptron_forward(
    float* y, const float* bias, const float* addend, long long count, int rows, int outputs, int addend_rows, int activation)
{
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        int column = (int)(i % outputs);
        long long row = i / outputs;
        long long layer = row / rows;
        float x = y[i];
        if (bias)
        {
            x += bias[layer * outputs + column];
        }

        if (addend)
        {
            x += addend[(layer * addend_rows + row % rows % addend_rows) * outputs + column];
        }

        y[i] = activate(activation, x);
    }
}

// before = g a'(x) of y [S, R, O], and its sum over rows, added to bias [S, O]. A block has 32 columns of a layer and
// blockDim.y rows at a time. Value and before are null for no activation, bias where there is none.
extern "C" __global__ void perceptron_backward(
    const float* gradient, const float* value, float* before, float* bias, int rows, int outputs, int activation)
{
    __shared__ float sums[32][32];
    int column = blockIdx.x * 32 + threadIdx.x;
    float sum = 0;
    if (column < outputs)
    {
        for (int row = threadIdx.y; row < rows; row += blockDim.y)
        {
            long long i = ((long long)blockIdx.y * rows + row) * outputs + column;
            float g = gradient[i];
            if (before)
            {
                g *= slope(activation, value[i]);
                before[i] = g;
            }

            sum += g;
        }
    }

    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < outputs && bias)
    {
        for (int part = 1; part < blockDim.y; part++)
        {
            sum += sums[part][threadIdx.x];
        }

        bias[(long long)blockIdx.y * outputs + column] += sum;
    }
}
