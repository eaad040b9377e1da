using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Infrastructure;

/// <summary>
/// Stands at the address that the realm posts its logout tokens to, and collects them. The port belongs to the realm: see
/// <see cref="KeycloakCollection"/>.
/// </summary>
public sealed class BackChannelListener : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentQueue<BackChannelPost> _posts = [];

    private BackChannelListener(WebApplication application) => _application = application;

    public static async Task<BackChannelListener> StartAsync(RealmUnderTest realm)
    {
        var port = new Uri(realm.ApiUrl).Port;
        await FreePort.WaitAsync(port, TestContext.Current.CancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(realm.BackChannelAddress, port));
        var listener = new BackChannelListener(builder.Build());
        listener._application.MapPost("/signout-backchannel", listener.CollectAsync);
        await listener._application.StartAsync(TestContext.Current.CancellationToken);
        return listener;
    }

    /// <summary>The logout tokens received for one session; other tests may end sessions of their own at the same time.</summary>
    public IReadOnlyList<BackChannelPost> PostsOf(string sessionId) =>
        [.. _posts.Where(post => string.Equals(post.Token["sid"], sessionId, StringComparison.Ordinal))];

    /// <summary>Waits for the first logout token of a session, at most ten seconds.</summary>
    public async Task<BackChannelPost> ReceiveAsync(string sessionId)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        while (true)
        {
            if (PostsOf(sessionId) is [var post, ..])
            {
                return post;
            }

            Assert.False(limit.IsCancellationRequested, "The realm posted no logout token within 10 seconds.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task<IResult> CollectAsync(HttpRequest request)
    {
        // Keycloak would keep the connection, and lose its next post on it to a listener that has gone meanwhile.
        request.HttpContext.Response.Headers.Connection = "close";
        var form = await request.ReadFormAsync();
        _posts.Enqueue(new(request.ContentType, [.. form.Keys], Jwt.Decode(form["logout_token"].ToString())));
        return Results.Ok();
    }
}

/// <summary>One post of a realm to its client's back channel.</summary>
public sealed record BackChannelPost(string? ContentType, IReadOnlyList<string> Fields, Jwt Token);

/// <summary>
/// Classes that listen on the API's port of the real Keycloak, which never run at once. Those of the embedded realm start one
/// of their own, with a port of its own.
/// </summary>
public static class KeycloakCollection
{
    public const string Name = "The API's port of the real Keycloak";
}
