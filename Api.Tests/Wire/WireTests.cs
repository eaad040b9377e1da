using System.Text;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;

namespace Api.Tests.Wire;

/// <summary>
/// Requests that stand in files, with what a real Keycloak answered: a difference turns a test red without a Keycloak at
/// hand. Where there is one, it is asked too, so that the files stay true.
/// </summary>
public abstract class WireTests(RealmUnderTest realm)
{
    /// <summary>The realm file that the answers are about.</summary>
    private static readonly string RealmFile = Path.Combine(AppContext.BaseDirectory, "Wire", "facts-realm.json");

    /// <summary>Set to 1, the answers of the real Keycloak are written into the files instead of compared with them.</summary>
    private const string Record = "RECORD_WIRE";

    private static readonly HttpClient Http = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    public static TheoryData<string> Files => [.. WireRecordings.Files()];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected abstract bool MayRecord { get; }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task It_answers_as_was_recorded(string file)
    {
        var server = await realm.ServeAsync(RealmFile);
        var cases = WireRecordings.Read(file);
        var answered = new List<WireCase>();
        foreach (var one in cases)
        {
            answered.Add(one with { Exchanges = [.. await AnswersAsync(one, server)] });
        }

        if (MayRecord && Environment.GetEnvironmentVariable(Record) == "1")
        {
            WireRecordings.Write(file, answered);
            return;
        }

        var differences = cases.Zip(answered).SelectMany(pair => Differences(pair.First, pair.Second)).ToList();
        Assert.True(differences.Count == 0, $"{differences.Count} differences in {file}:\n{string.Join('\n', differences)}");
    }

    private static IEnumerable<string> Differences(WireCase expected, WireCase actual) =>
        expected.Exchanges.Zip(actual.Exchanges)
            .SelectMany(pair => WireAnswer.Differences(pair.First.Answer, pair.Second.Answer))
            .Select(line => $"  {expected.Name} ({expected.Shows}) {line}");

    private static async Task<List<Exchange>> AnswersAsync(WireCase one, Uri server)
    {
        var tokens = new WireTokens(Http, server);
        var answers = new List<Exchange>();
        foreach (var exchange in one.Exchanges)
        {
            answers.Add(exchange with { Answer = await AnswerAsync(exchange, server, tokens) });
        }

        return answers;
    }

    private static async Task<JsonNode> AnswerAsync(Exchange exchange, Uri server, WireTokens tokens)
    {
        var authority = server.GetLeftPart(UriPartial.Authority);
        using var request = new HttpRequestMessage(new HttpMethod(exchange.Method), authority + await FillAsync(exchange.Target));
        if (exchange.Body is { } body)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(await FillAsync(body)));
        }
        else if (exchange.Method == "POST")
        {
            request.Content = new ByteArrayContent([]);
        }

        foreach (var (name, value) in exchange.Headers ?? new Dictionary<string, string>())
        {
            var filled = await FillAsync(value);
            if (!request.Headers.TryAddWithoutValidation(name, filled))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, filled);
            }
        }

        using var response = await Http.SendAsync(request, Cancel);
        return WireAnswer.Of(response, await response.Content.ReadAsStringAsync(Cancel), server);

        async Task<string> FillAsync(string text) => await tokens.FillAsync(text
            .Replace("{base}", authority, StringComparison.Ordinal)
            .Replace("{base-encoded}", Uri.EscapeDataString(authority), StringComparison.Ordinal));
    }
}

public sealed class EmbeddedWireTests(EmbeddedRealmUnderTest realm) : WireTests(realm)
{
    private protected override bool MayRecord => false;
}

public sealed class KeycloakWireTests(KeycloakUnderTest realm) : WireTests(realm)
{
    private protected override bool MayRecord => true;
}
