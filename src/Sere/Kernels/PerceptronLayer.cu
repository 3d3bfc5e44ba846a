// Layers of perceptrons, a(x W + bias + addend), in one pass each for the values, for the gradient of x, and for
// those of weight and bias, of x [S, R, I] (one x for all layers where its stride is 0), weight [S, I, O]
// ("stacked"), or [O, I] ("single"), y [S, R, O]. Rows are too few here for a library's products to be fast.

// A block has a square of 32 by 32 numbers of a product. So few squares leave a device's schedulers without work if
// each has a thread or two of it, so the warps of a block share the terms: each has the whole square of every fourth
// slice.
const int Tile = 32;
const int TileWarps = 4;
const int TileThreads = 32 * TileWarps;
const int Slice = 8;

// Of rows in shared memory: a multiple of 4, as float4 asks, that spreads a column over the banks.
const int Pitch = Tile + 4;
const int WarpMemory = Tile * Pitch;

// One factor of a product: the number of term k and index m is values[k term_stride + m index_stride], where one
// stride is 1; with y also times a'(y) there. A square begins at index first; of indices after the last, the last
// stands in, for their results are not used.
struct Factor
{
    const float* values;
    const float* y;
    int stride, first, count;
};

// How a lane reads its eight numbers of a slice of a factor, along the stride of 1: InTerms tells which that is. No
// read depends on a branch or on another number, so that all are under way at once.
template <bool InTerms, bool HasSlope>
struct SliceReader
{
    // Where the lane's numbers of the next slice begin, and how far apart they are.
    const float* values;
    const float* y;
    int stride, offsets[InTerms ? Slice : 1];
    float numbers[Slice], activated[HasSlope ? Slice : 1];

    __device__ SliceReader(const Factor& factor, int start, int lane) : stride(factor.stride)
    {
        int last = factor.count - 1;
        long long first = InTerms ? start + lane % Slice : start * (long long)stride + min(factor.first + lane, last);
#pragma unroll
        for (int j = 0; j < (InTerms ? Slice : 1); j++)
        {
            offsets[j] = min(factor.first + lane / Slice + Tile / Slice * j, last) * stride;
        }

        values = factor.values + first;
        y = HasSlope ? factor.y + first : 0;
    }

    // Where fewer terms than a slice has remain, the last stands in for the others, which clear makes 0 in one factor.
    __device__ void fetch(int remaining, int lane)
    {
        int back = InTerms ? max(lane % Slice - remaining + 1, 0) : 0;
#pragma unroll
        for (int j = 0; j < Slice; j++)
        {
            int offset = InTerms ? offsets[InTerms ? j : 0] : min(j, remaining - 1) * stride;
            numbers[j] = __ldg(values - back + offset);
            if (HasSlope)
            {
                activated[HasSlope ? j : 0] = __ldg(y - back + offset);
            }
        }

        long long step = Slice * TileWarps * (InTerms ? 1LL : stride);
        values += step;
        y += HasSlope ? step : 0;
    }

    __device__ void apply(const Slope& slope)
    {
#pragma unroll
        for (int j = 0; HasSlope && j < Slice; j++)
        {
            numbers[j] *= slope.of(activated[HasSlope ? j : 0]);
        }
    }

    __device__ void clear(int remaining, int lane)
    {
#pragma unroll
        for (int j = 0; j < Slice; j++)
        {
            numbers[j] = (InTerms ? lane % Slice : j) < remaining ? numbers[j] : 0;
        }
    }

    __device__ void keep(float* slice, int lane) const
    {
        slice += InTerms ? lane % Slice * Pitch + lane / Slice : lane;
#pragma unroll
        for (int j = 0; j < Slice; j++)
        {
            slice[j * (InTerms ? Tile / Slice : Pitch)] = numbers[j];
        }
    }
};

// The sums over terms that a thread gets, of indices (m, n) of the factors a and b: n is its lane, and m follows from
// its warp; where Transposed the other way round. So neighbours write neighbouring numbers.
struct TileSums
{
    float of[Tile / TileWarps];

    // The sum over terms of b at the lane's n.
    float column;

    __device__ static int lane() { return threadIdx.x % 32; }
    __device__ static int other(int i) { return threadIdx.x / 32 + TileWarps * i; }
};

template <bool AInTerms, bool BInTerms, bool ASlopes, bool BSlopes, bool Transposed>
__device__ inline TileSums multiply_tile(
    int terms, const Factor& factor_a, const Factor& factor_b, const Slope& slope, float* memory)
{
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    float* own = memory + warp * WarpMemory;
    SliceReader<AInTerms, ASlopes> a(factor_a, warp * Slice, lane);
    SliceReader<BInTerms, BSlopes> b(factor_b, warp * Slice, lane);

    // A lane has 4 rows and twice 4 columns. Its number's bits take turns in saying which, because reads of four
    // numbers are faster where lanes that differ in one of the lowest two bits read the same.
    int row = 4 * ((lane >> 1 & 1) | (lane >> 2 & 6));
    int column = 4 * ((lane & 1) | (lane >> 1 & 2));
    float sums[4][8] = {}, column_sum = 0;
    int remaining = terms - warp * Slice, buffer = 0;
    if (remaining > 0)
    {
        a.fetch(remaining, lane);
        b.fetch(remaining, lane);
    }

    while (remaining > 0)
    {
        // Two slices of memory in turn, so that none is written while another lane still reads it.
        float* left = own + buffer * 2 * Slice * Pitch;
        float* right = left + Slice * Pitch;
        a.apply(slope);
        b.apply(slope);
        b.clear(remaining, lane);
        a.keep(left, lane);
        b.keep(right, lane);
        if (!BInTerms)
        {
#pragma unroll
            for (int j = 0; j < Slice; j++)
            {
                column_sum += b.numbers[j];
            }
        }

        __syncwarp();
        remaining -= Slice * TileWarps;
        buffer = 1 - buffer;
        if (remaining > 0)
        {
            a.fetch(remaining, lane);
            b.fetch(remaining, lane);
        }

#pragma unroll
        for (int k = 0; k < Slice; k++)
        {
            float4 of_a = *(const float4*)(left + k * Pitch + row);
            float4 of_b = *(const float4*)(right + k * Pitch + column);
            float4 more_b = *(const float4*)(right + k * Pitch + Tile / 2 + column);
            float rows[4] = { of_a.x, of_a.y, of_a.z, of_a.w };
            float columns[8] = { of_b.x, of_b.y, of_b.z, of_b.w, more_b.x, more_b.y, more_b.z, more_b.w };
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
#pragma unroll
                for (int j = 0; j < 8; j++)
                {
                    sums[i][j] += rows[i] * columns[j];
                }
            }
        }
    }

    __syncwarp();
    if (Transposed)
    {
#pragma unroll
        for (int j = 0; j < 8; j++)
        {
            *(float4*)(own + (column + j % 4 + j / 4 * Tile / 2) * Pitch + row) =
                { sums[0][j], sums[1][j], sums[2][j], sums[3][j] };
        }
    }
    else
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            float* target = own + (row + i) * Pitch + column;
            *(float4*)target = { sums[i][0], sums[i][1], sums[i][2], sums[i][3] };
            *(float4*)(target + Tile / 2) = { sums[i][4], sums[i][5], sums[i][6], sums[i][7] };
        }
    }

    own[lane * Pitch + Tile] = column_sum;
    __syncthreads();
    TileSums result = {};
#pragma unroll
    for (int part = 0; part < TileWarps; part++)
    {
        const float* sum = memory + part * WarpMemory;
#pragma unroll
        for (int i = 0; i < Tile / TileWarps; i++)
        {
            result.of[i] += sum[TileSums::other(i) * Pitch + lane];
        }

        result.column += sum[lane * Pitch + Tile];
    }

    return result;
}

// What all warps of a block share; one for all instances of a kernel's templates.
__device__ inline float* tile_memory()
{
    __shared__ __align__(16) float memory[TileWarps * WarpMemory];
    return memory;
}

template <bool Stacked>
__device__ inline void perceptron_values(
    const float* x, const float* weight, const float* bias, const float* addend, float* y,
    long long x_stride, int rows, int inputs, int outputs, int addend_rows, int activation)
{
    int first_row = blockIdx.y * Tile, first_output = blockIdx.x * Tile;
    long long layer = blockIdx.z;
    Factor a = { x + layer * x_stride, 0, inputs, first_row, rows };
    Factor b = { weight + layer * inputs * outputs, 0, Stacked ? outputs : inputs, first_output, outputs };
    int output = first_output + TileSums::lane();
    bool is_inside = output < outputs;
    float of_bias = bias && is_inside ? bias[layer * outputs + output] : 0;
    TileSums sums = multiply_tile<true, !Stacked, false, false, false>(inputs, a, b, Slope(0), tile_memory());
    if (!is_inside)
    {
        return;
    }

#pragma unroll
    for (int i = 0; i < Tile / TileWarps; i++)
    {
        int row = min(first_row + TileSums::other(i), rows - 1);
        sums.of[i] += of_bias + (addend ? addend[(layer * addend_rows + row % addend_rows) * outputs + output] : 0);
    }

    y += layer * rows * outputs + output;
#pragma unroll
    for (int i = 0; i < Tile / TileWarps; i++)
    {
        int row = first_row + TileSums::other(i);
        float value = activate(activation, sums.of[i]);
        if (row < rows)
        {
            y[row * outputs] = value;
        }
    }
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_values_stacked(
    const float* x, const float* weight, const float* bias, const float* addend, float* y,
    long long x_stride, int rows, int inputs, int outputs, int addend_rows, int activation)
{
    perceptron_values<true>(x, weight, bias, addend, y, x_stride, rows, inputs, outputs, addend_rows, activation);
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_values_single(
    const float* x, const float* weight, const float* bias, const float* addend, float* y,
    long long x_stride, int rows, int inputs, int outputs, int addend_rows, int activation)
{
    perceptron_values<false>(x, weight, bias, addend, y, x_stride, rows, inputs, outputs, addend_rows, activation);
}

// The gradient of x, [S, R, I]: g a'(y) W^T.
template <bool Stacked>
__device__ inline void perceptron_inputs(
    const float* gradient, const float* y, const float* weight, float* result,
    int rows, int inputs, int outputs, int activation)
{
    int first_row = blockIdx.y * Tile, first_input = blockIdx.x * Tile;
    long long layer = blockIdx.z, start = layer * rows * outputs;
    Factor a = { gradient + start, y ? y + start : 0, outputs, first_row, rows };
    Factor b = { weight + layer * inputs * outputs, 0, Stacked ? outputs : inputs, first_input, inputs };
    TileSums sums = y
        ? multiply_tile<true, Stacked, true, false, false>(outputs, a, b, Slope(activation), tile_memory())
        : multiply_tile<true, Stacked, false, false, false>(outputs, a, b, Slope(0), tile_memory());
    int input = first_input + TileSums::lane();
    result += layer * rows * inputs + input;
#pragma unroll
    for (int i = 0; i < Tile / TileWarps; i++)
    {
        int row = first_row + TileSums::other(i);
        if (row < rows && input < inputs)
        {
            result[row * inputs] = sums.of[i];
        }
    }
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_inputs_stacked(
    const float* gradient, const float* y, const float* weight, float* result,
    int rows, int inputs, int outputs, int activation)
{
    perceptron_inputs<true>(gradient, y, weight, result, rows, inputs, outputs, activation);
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_inputs_single(
    const float* gradient, const float* y, const float* weight, float* result,
    int rows, int inputs, int outputs, int activation)
{
    perceptron_inputs<false>(gradient, y, weight, result, rows, inputs, outputs, activation);
}

// Adds the sums, of inputs and outputs, to a weight's gradient, stored as [O, I] where Transposed, and those of the
// columns to a bias's, which may be null.
template <bool Transposed>
__device__ inline void add_tile(
    const TileSums& sums, float* weight, float* bias, int first_input, int first_output, int inputs, int outputs)
{
    int lane = TileSums::lane();
    int along = Transposed ? first_input + lane : first_output + lane, length = Transposed ? inputs : outputs;
    int across = Transposed ? first_output : first_input, most = Transposed ? outputs : inputs;
    float before[Tile / TileWarps];
#pragma unroll
    for (int i = 0; i < Tile / TileWarps; i++)
    {
        int other = across + TileSums::other(i);
        before[i] = along < length && other < most ? weight[other * length + along] : 0;
    }

#pragma unroll
    for (int i = 0; i < Tile / TileWarps; i++)
    {
        int other = across + TileSums::other(i);
        if (along < length && other < most)
        {
            weight[other * length + along] = before[i] + sums.of[i];
        }
    }

    if (bias && first_input == 0 && threadIdx.x < Tile && first_output + lane < outputs)
    {
        bias[first_output + lane] += sums.column;
    }
}

// Adds x^T g a'(y) to the gradient of the weight, and its sum over rows to that of the bias, [S, O] or null.
template <bool Stacked>
__device__ inline void perceptron_weights(
    const float* x, const float* gradient, const float* y, float* weight, float* bias,
    long long x_stride, int rows, int inputs, int outputs, int activation)
{
    int first_input = blockIdx.y * Tile, first_output = blockIdx.x * Tile;
    long long layer = blockIdx.z, start = layer * rows * outputs;
    Factor a = { x + layer * x_stride, 0, inputs, first_input, inputs };
    Factor b = { gradient + start, y ? y + start : 0, outputs, first_output, outputs };
    TileSums sums = y
        ? multiply_tile<false, false, false, true, !Stacked>(rows, a, b, Slope(activation), tile_memory())
        : multiply_tile<false, false, false, false, !Stacked>(rows, a, b, Slope(0), tile_memory());
    add_tile<!Stacked>(
        sums, weight + layer * inputs * outputs, bias ? bias + layer * outputs : 0,
        first_input, first_output, inputs, outputs);
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_weights_stacked(
    const float* x, const float* gradient, const float* y, float* weight, float* bias,
    long long x_stride, int rows, int inputs, int outputs, int activation)
{
    perceptron_weights<true>(x, gradient, y, weight, bias, x_stride, rows, inputs, outputs, activation);
}

extern "C" __global__ void __launch_bounds__(TileThreads, 4) perceptron_weights_single(
    const float* x, const float* gradient, const float* y, float* weight, float* bias,
    long long x_stride, int rows, int inputs, int outputs, int activation)
{
    perceptron_weights<false>(x, gradient, y, weight, bias, x_stride, rows, inputs, outputs, activation);
}

// y = a(y + bias + addend) where it lies, of a product that a library computed: y [S, R, O], bias [S, O] or null,
// addend [S, addend_rows, O] or null. A block has blockDim.y rows of a layer at a time, and a warp a row.
extern "C" __global__ void perceptron_forward(
    float* y, const float* bias, const float* addend, int rows, int outputs, int addend_rows, int activation)
{
    const int Batch = 8;
    long long layer = blockIdx.y;
    const float* biases = bias ? bias + layer * outputs : 0;
    for (int row = blockIdx.x * blockDim.y + threadIdx.y; row < rows; row += gridDim.x * blockDim.y)
    {
        float* values = y + (layer * rows + row) * outputs;
        const float* addends = addend ? addend + (layer * addend_rows + row % addend_rows) * outputs : 0;
        for (int first = threadIdx.x; first < outputs; first += Batch * blockDim.x)
        {
            // All reads of a batch before any write, which the compiler could not know to lie elsewhere.
            float numbers[Batch];
            int columns[Batch];
#pragma unroll
            for (int i = 0; i < Batch; i++)
            {
                columns[i] = min(first + i * (int)blockDim.x, outputs - 1);
                numbers[i] = values[columns[i]];
            }

#pragma unroll
            for (int i = 0; biases && i < Batch; i++)
            {
                numbers[i] += biases[columns[i]];
            }

#pragma unroll
            for (int i = 0; addends && i < Batch; i++)
            {
                numbers[i] += addends[columns[i]];
            }

#pragma unroll
            for (int i = 0; i < Batch; i++)
            {
                if (first + i * (int)blockDim.x < outputs)
                {
                    values[columns[i]] = activate(activation, numbers[i]);
                }
            }
        }
    }
}

// before = g a'(x) of y [S, R, O], and its sum over rows, added to bias [S, O]. A block has 32 columns of a layer and
// blockDim.y rows at a time. Value and before are null for no activation, bias where there is none.
extern "C" __global__ void perceptron_backward(
    const float* gradient, const float* value, float* before, float* bias, int rows, int outputs, int activation)
{
    const int Batch = 8;
    __shared__ float sums[32][32];
    int column = blockIdx.x * 32 + threadIdx.x;
    float sum = 0;
    Slope slope(activation);
    for (int row = threadIdx.y; column < outputs && row < rows; row += Batch * blockDim.y)
    {
        // All reads of a batch before any write, which the compiler could not know to lie elsewhere.
        long long at = ((long long)blockIdx.y * rows + row) * outputs + column;
        float numbers[Batch], values[Batch];
#pragma unroll
        for (int i = 0; i < Batch; i++)
        {
            int offset = min((int)blockDim.y * i, rows - 1 - row) * outputs;
            numbers[i] = gradient[at + offset];
            values[i] = value ? value[at + offset] : 0;
        }

#pragma unroll
        for (int i = 0; i < Batch; i++)
        {
            int further = blockDim.y * i;
            if (row + further < rows)
            {
                float g = numbers[i] * slope.of(values[i]);
                sum += g;
                if (before)
                {
                    before[at + further * outputs] = g;
                }
            }
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
