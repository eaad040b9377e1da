using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.SharedSignals;

/// <summary>
/// A transmitter that gives the events that a test has put into it (RFC 8936), and has metadata and a key of its own (SSF 1.0, section 7).
/// </summary>
internal sealed class EventTransmitter : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, string> _events = new(StringComparer.Ordinal);
    private int _asking;

    private EventTransmitter(WebApplication server) => _server = server;

    public string Url { get; private set; } = "";

    public string Endpoint => $"{Url}/poll";

    public string Issuer => $"{Url}/tenant";

    public RsaSecurityKey Key { get; } = new(RSA.Create(2048)) { KeyId = "transmitter" };

    /// <summary>What the metadata call themselves; the issuer, unless a test says otherwise.</summary>
    public string? ClaimedIssuer { get; set; }

    public string[] CriticalMembers { get; set; } = ["user"];

    public ConcurrentQueue<(string? Authorization, JsonElement Body)> Requests { get; } = [];

    /// <summary>What is answered in the place of events.</summary>
    public Func<IResult>? Answer { get; set; }

    /// <summary>Whether a request is kept until there are events, where it may be.</summary>
    public bool KeepsRequests { get; set; }

    /// <summary>Whether events are given again that were acknowledged.</summary>
    public bool Forgets { get; set; }

    /// <summary>How many asked at once at most.</summary>
    public int MostAsking { get; private set; }

    public IEnumerable<string> Left => _events.Keys;

    public static async Task<EventTransmitter> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var transmitter = new EventTransmitter(builder.Build());
        transmitter._server.MapPost("/poll", transmitter.PollAsync);
        transmitter._server.MapGet("/.well-known/ssf-configuration/tenant", () => Results.Json(new
        {
            spec_version = "1_0",
            issuer = transmitter.ClaimedIssuer ?? transmitter.Issuer,
            jwks_uri = $"{transmitter.Url}/keys",
            delivery_methods_supported = new[] { "urn:ietf:rfc:8935", "urn:ietf:rfc:8936" },
            critical_subject_members = transmitter.CriticalMembers,
        }));
        transmitter._server.MapGet("/keys", () => Results.Json(new { keys = new[] { ForgingRealm.Describe(transmitter.Key) } }));
        await transmitter._server.StartAsync();
        var server = transmitter._server.Services.GetRequiredService<IServer>();
        transmitter.Url = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return transmitter;
    }

    public void Add(string token, string? id = null) => _events[id ?? Jwt.Decode(token)["jti"]!] = token;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<IResult> PollAsync(HttpRequest request)
    {
        var body = await request.ReadFromJsonAsync<JsonElement>();
        Requests.Enqueue((request.Headers.Authorization, body));
        var asking = Interlocked.Increment(ref _asking);
        MostAsking = Math.Max(MostAsking, asking);
        try
        {
            if (Answer is { } answer)
            {
                return answer();
            }

            foreach (var id in Said(body).Where(_ => !Forgets))
            {
                _events.TryRemove(id, out _);
            }

            while (KeepsRequests && !body.GetProperty("returnImmediately").GetBoolean() && _events.IsEmpty)
            {
                await Task.Delay(20, request.HttpContext.RequestAborted);
            }

            var given = _events.Take(body.GetProperty("maxEvents").GetInt32()).ToDictionary();
            return Results.Json(new { sets = given, moreAvailable = _events.Count > given.Count });
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    private static IEnumerable<string> Said(JsonElement body)
    {
        var taken = body.TryGetProperty("ack", out var ack) ? ack.EnumerateArray().Select(id => id.GetString()!) : [];
        return body.TryGetProperty("setErrs", out var errors) ? taken.Concat(errors.EnumerateObject().Select(each => each.Name)) : taken;
    }
}
