// Groups images by their latent codes, with the k-means of ML.NET, and counts the subfolders in each group.
//   dotnet run -c Release recipes/ClusterCodes.cs -- RUN IMAGES [GROUPS]
#:project ../src/Sere.Runs/Sere.Runs.csproj
#:package Microsoft.ML
#:property PublishAot=false

using Microsoft.ML;
using Microsoft.ML.Data;
using Sere.Recipes;
using Sere.Runs;

int groups = args.Length > 2 ? int.Parse(args[2]) : 10;
using var model = TrainedModel.Load(args[0]);
var images = model.Read(args[1]);
var codes = model.Encode(images);
int size = codes.LatentsPerLayer.Sum();
CodedImage[] rows =
[
    .. codes.Values.Chunk(size).Select((code, image) => new CodedImage { Name = images.Names?[image] ?? $"{image}", Code = code }),
];

var context = new MLContext(seed: 1);
var schema = SchemaDefinition.Create(typeof(CodedImage));
schema[nameof(CodedImage.Code)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size);
var data = context.Data.LoadFromEnumerable(rows, schema);
var clustering = context.Clustering.Trainers.KMeans(nameof(CodedImage.Code), numberOfClusters: groups).Fit(data);
uint[] found = [.. clustering.Transform(data).GetColumn<uint>("PredictedLabel")];
foreach (var group in rows.Zip(found).GroupBy(pair => pair.Second, pair => pair.First).OrderBy(group => group.Key))
{
    var folders = group.CountBy(image => Path.GetDirectoryName(image.Name) ?? "").OrderByDescending(folder => folder.Value);
    Console.WriteLine($"group {group.Key}: {string.Join(", ", folders.Select(folder => $"{folder.Value} of {folder.Key}/"))}");
}

namespace Sere.Recipes
{
    /// <summary>An image and z_1..z_L, after each other.</summary>
    internal sealed class CodedImage
    {
        public string Name { get; set; } = "";

        public float[] Code { get; set; } = [];
    }
}
