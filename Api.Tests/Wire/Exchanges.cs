using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Api.Tests.Delivery;

namespace Api.Tests.Wire;

/// <summary>One request, and what a real Keycloak answered.</summary>
public sealed record Exchange
{
    public required string Method { get; init; }

    /// <summary>Path and query. <c>{base}</c> is the server's address, here and in all that follows.</summary>
    public required string Target { get; init; }

    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    public string? Body { get; init; }

    /// <summary>As <see cref="WireAnswer"/> writes it; <see langword="null"/> until it has been recorded.</summary>
    public JsonNode? Answer { get; init; }
}

/// <summary>What a few requests show, one after the other.</summary>
/// <param name="Name">Its name, the only one in its file.</param>
/// <param name="Shows">What it shows, in a few words.</param>
/// <param name="Exchanges">The requests with their answers.</param>
public sealed record WireCase(string Name, string Shows, IReadOnlyList<Exchange> Exchanges);

/// <summary>The recorded exchanges, a file for each endpoint.</summary>
public static class WireRecordings
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NewLine = "\n",
    };

    private static string Folder => Repository.PathOf("Api.Tests/Wire/Exchanges");

    /// <summary>The names of the files, without their ending.</summary>
    public static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    public static WireCase[] Read(string file) =>
        JsonSerializer.Deserialize<WireCase[]>(File.ReadAllText(PathOf(file)), Json) ?? throw new InvalidDataException($"{file} is empty.");

    public static void Write(string file, IEnumerable<WireCase> cases) =>
        File.WriteAllText(PathOf(file), JsonSerializer.Serialize(cases, Json) + "\n");

    private static string PathOf(string file) => Path.Combine(Folder, file + ".json");
}
