using CsCheck;
using Sere.Partitions;
using Xunit;

namespace Sere.Tests.Partitions;

public sealed class CouplingGraphTests
{
    [Fact]
    public void In_a_chain_each_layer_has_the_one_before_it()
    {
        var graph = CouplingGraph.Chain(4);
        Assert.Equal(4, graph.Layers);
        Assert.Empty(graph.Parents(0));
        Assert.Equal([0], graph.Parents(1));
        Assert.Equal([2], graph.Parents(3));
    }

    [Fact]
    public void In_a_grid_each_layer_has_the_ones_above_and_to_its_left()
    {
        var graph = CouplingGraph.Grid(2, 3);
        Assert.Equal(6, graph.Layers);
        Assert.Equal(
            [[], [0], [1], [0], [1, 3], [2, 4]], Enumerable.Range(0, 6).Select(layer => graph.Parents(layer).ToArray()));
        Assert.Equal([[], [0], [1]], Enumerable.Range(0, 3).Select(CouplingGraph.Grid(3, 1).Parents));
        Assert.Equal([[], [0], [1]], Enumerable.Range(0, 3).Select(CouplingGraph.Grid(1, 3).Parents));
    }

    [Fact]
    public void Without_coupling_no_layer_has_a_parent()
    {
        var graph = CouplingGraph.Uncoupled(3);
        Assert.Equal(3, graph.Layers);
        Assert.All(Enumerable.Range(0, 3), layer => Assert.Empty(graph.Parents(layer)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, -1)]
    public void A_parent_that_does_not_come_before_its_layer_is_refused_by_name(int layer, int parent)
    {
        var parents = new int[3][];
        Array.Fill(parents, []);
        parents[layer] = [parent];
        var error = Assert.Throws<ArgumentException>(() => new CouplingGraph(parents));
        Assert.Contains($"Layer {layer} cannot have the parent {parent}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parent_named_twice_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new CouplingGraph([[], [], [1, 0, 1]]));
        Assert.Contains("Layer 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exactly_the_graphs_whose_parents_come_first_and_once_are_accepted_as_they_are_given() => FixedSamples.Check(
        Gen.Int[-1, 4].Array[0, 3].Array[0, 5],
        parents =>
        {
            bool valid = parents.Index().All(layer =>
                layer.Item.All(parent => parent >= 0 && parent < layer.Index)
                && layer.Item.Distinct().Count() == layer.Item.Length);
            if (valid)
            {
                var graph = new CouplingGraph(parents);
                Assert.Equal(parents.Length, graph.Layers);
                Assert.All(parents.Index(), entry => Assert.Equal(entry.Item, graph.Parents(entry.Index)));
            }
            else
            {
                Assert.Throws<ArgumentException>(() => new CouplingGraph(parents));
            }
        },
        count: 500);

    [Fact]
    public void What_is_done_to_the_list_afterwards_does_not_change_the_graph()
    {
        int[][] parents = [[], [0], [1]];
        var graph = new CouplingGraph(parents);
        parents[2][0] = 0;
        Assert.Equal([1], graph.Parents(2));
    }
}
