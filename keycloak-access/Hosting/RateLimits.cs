using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>How much one address, account or client may ask for in a minute: section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "RateLimits";

    /// <summary>
    /// How many sign-ins may begin in a minute from one address, or from one IPv6 network (/64); from 0 to 1,000,000, where 0 is without
    /// a limit. Default 300: an office of some thousands behind one address does not meet it.
    /// </summary>
    [Range(0, 1_000_000)]
    public int SignIns { get; set; } = 300;

    /// <summary>
    /// How many requests are refused in a minute from one address, or from one IPv6 network (/64), with the reason; further ones are
    /// refused with 429. From 0 to 1,000,000, where 0 is without a limit. Default 600. Requests that are not refused never count.
    /// </summary>
    [Range(0, 1_000_000)]
    public int RefusedRequests { get; set; } = 600;

    /// <summary>
    /// How many requests one account may make in a minute, by tokens and in sessions, whether they are allowed or refused; further ones are
    /// refused with 429. From 0 to 100,000,000, where 0, the default, is without a limit.
    /// </summary>
    [Range(0, 100_000_000)]
    public int RequestsOfAccount { get; set; }

    /// <summary>
    /// How many requests may come in a minute with tokens that were issued to one client (<c>azp</c>), whoever their subjects are. From 0
    /// to 100,000,000, where 0, the default, is without a limit. Sessions are not counted: they are all of the client for sign-in.
    /// </summary>
    [Range(0, 100_000_000)]
    public int RequestsOfClient { get; set; }
}

/// <summary>
/// Limits of one instance. The framework's rate limiters decide before a request is served, by a clock of their own: neither can tell a
/// refused request from others of the same address.
/// </summary>
internal sealed class RateLimits(IOptions<RateLimitOptions> options, TimeProvider clock)
{
    private readonly AddressLimit _signIns = new(options.Value.SignIns, clock);
    private readonly AddressLimit _refused = new(options.Value.RefusedRequests, clock);
    private readonly MinuteLimit<Guid> _accounts = new(options.Value.RequestsOfAccount, clock);
    private readonly MinuteLimit<(string Issuer, string Client)> _clients = new(options.Value.RequestsOfClient, clock);

    public static RateLimits Of(HttpContext context) => context.RequestServices.GetRequiredService<RateLimits>();

    /// <summary>Counts a sign-in that begins.</summary>
    /// <returns>The answer where there are too many, or null.</returns>
    public IResult? CheckSignIn(HttpContext context) =>
        Check(_signIns, context, "Too many sign-ins from your network. Try again in a minute.");

    /// <summary>Counts a request that is about to be refused.</summary>
    /// <returns>The answer in place of the refusal where there are too many, or null.</returns>
    public IResult? CheckRefused(HttpContext context) => Check(
        _refused,
        context,
        "Too many requests from your network were refused. Find out why the first of them were, and try again in a minute.");

    /// <summary>Counts a request of a caller who is known.</summary>
    /// <returns>The answer where there are too many, or null.</returns>
    public IResult? CheckCaller(Guid account, string issuer, string? client) =>
        _accounts.Take(account) is { } wait
            ? new TooManyRequests(wait, "Too many requests of your account. Call less often, and wait as long as Retry-After says.")
        : client is not null && _clients.Take((issuer, client)) is { } longer
            ? new TooManyRequests(
                longer, $"Too many requests with tokens of the client {client}. Call less often, and wait as long as Retry-After says.")
        : null;

    private static TooManyRequests? Check(AddressLimit limit, HttpContext context, string detail) =>
        limit.Take(context.Connection.RemoteIpAddress) is { } wait ? new TooManyRequests(wait, detail) : null;

    private sealed record TooManyRequests(TimeSpan Wait, string Detail) : IResult
    {
        public Task ExecuteAsync(HttpContext context)
        {
            // That of the refusal whose place this takes.
            context.Response.Headers.WWWAuthenticate = default;
            // In whole seconds (RFC 9110, section 10.2.3).
            context.Response.Headers.RetryAfter = Math.Ceiling(Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return new RequestMistake(StatusCodes.Status429TooManyRequests, ProblemCode.TooManyRequests, Detail).AnswerAsync(context);
        }
    }
}

/// <summary>Counts by address, from one full minute to the next.</summary>
internal sealed class AddressLimit(int most, TimeProvider clock)
{
    private readonly MinuteLimit<IPAddress> _networks = new(most, clock);

    /// <summary>A caller without an address comes by a Unix socket, as everybody does there.</summary>
    /// <returns>How long to wait, or null while there are not too many.</returns>
    public TimeSpan? Take(IPAddress? address) => address is null ? null : _networks.Take(Network(address));

    // One customer has a whole /64 (RFC 6177, section 2).
    private static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}

/// <summary>Counts by key, from one full minute to the next.</summary>
internal sealed class MinuteLimit<TKey>(int most, TimeProvider clock)
    where TKey : notnull
{
    /// <summary>Some 10 MB. Whoever has more addresses than this is not kept out by counting each, and nobody else shall be.</summary>
    public const int MostKeys = 100_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private Counts _current = new(0);

    /// <returns>How long to wait, or null while there are not too many.</returns>
    public TimeSpan? Take(TKey key)
    {
        if (most == 0)
        {
            return null;
        }

        var now = clock.GetUtcNow().UtcTicks;
        var counts = Volatile.Read(ref _current);
        if (counts.Window != now / Window.Ticks)
        {
            var next = new Counts(now / Window.Ticks);
            var other = Interlocked.CompareExchange(ref _current, next, counts);
            counts = other == counts ? next : other;
        }

        return counts.Add(key) > most ? TimeSpan.FromTicks(Window.Ticks - (now % Window.Ticks)) : null;
    }

    private sealed class Counts(long window)
    {
        private readonly ConcurrentDictionary<TKey, int> _counts = new();
        private int _keys;

        public long Window => window;

        public int Add(TKey key) =>
            _counts.ContainsKey(key) || Interlocked.Increment(ref _keys) <= MostKeys
                ? _counts.AddOrUpdate(key, 1, (_, count) => count + 1)
                : 0;
    }
}

internal static class RateLimitSetup
{
    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddSettings<RateLimitOptions>(RateLimitOptions.Section);
        services.AddSingleton<RateLimits>();
    }
}
