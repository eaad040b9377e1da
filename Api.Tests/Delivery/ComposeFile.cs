using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace Api.Tests.Delivery;

/// <summary>compose.yaml as Docker Compose reads it: variables replaced, <c>$$</c> made <c>$</c>.</summary>
internal sealed partial class ComposeFile
{
    private readonly Dictionary<object, object?> _root;

    /// <param name="variables">The environment that compose is started in; what is not there takes its default.</param>
    public ComposeFile(params (string Name, string Value)[] variables)
    {
        var given = variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal);
        var file = new DeserializerBuilder().Build().Deserialize<object>(Repository.Read("compose.yaml"));
        _root = Map(Interpolate(file, given));
    }

    public IReadOnlyCollection<string> Services => [.. Map(_root["services"]).Keys.Cast<string>()];

    public IReadOnlyCollection<string> Volumes => [.. Map(_root["volumes"]).Keys.Cast<string>()];

    public string Text(params string[] path) => Assert.IsType<string>(Find(path));

    public IReadOnlyList<string> List(params string[] path) =>
        [.. Assert.IsType<List<object?>>(Find(path)).Select(Assert.IsType<string>)];

    public IReadOnlyDictionary<string, string> Environment(string service) =>
        Map(Find(["services", service, "environment"])).ToDictionary(
            entry => (string)entry.Key,
            entry => Assert.IsType<string>(entry.Value),
            StringComparer.Ordinal);

    private object? Find(string[] path) => path.Aggregate((object?)_root, (node, key) =>
        Map(node).TryGetValue(key, out var value)
            ? value
            : throw new KeyNotFoundException($"compose.yaml has no {string.Join('.', path)}."));

    private static Dictionary<object, object?> Map(object? node) => Assert.IsType<Dictionary<object, object?>>(node);

    private static object? Interpolate(object? node, Dictionary<string, string> given) => node switch
    {
        string text => Variable().Replace(text, match =>
            match.Value == "$$" ? "$"
            : given.TryGetValue(match.Groups["name"].Value, out var value) ? value
            : match.Groups["default"].Value),
        List<object> list => list.ConvertAll(item => Interpolate(item, given)),
        Dictionary<object, object> map => map.ToDictionary(entry => entry.Key, entry => Interpolate(entry.Value, given)),
        _ => node,
    };

    [GeneratedRegex(@"\$\$|\$\{(?<name>\w+):-(?<default>[^}]*)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
