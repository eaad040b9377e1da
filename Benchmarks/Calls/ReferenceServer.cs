using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Benchmarks.Calls;

/// <summary>
/// What one would write without this project: the framework's JwtBearer with its defaults, and a policy that asks for a role.
/// </summary>
internal static class ReferenceServer
{
    public static async Task RunAsync(string url, string issuer)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.AddAuthentication().AddJwtBearer(options =>
        {
            options.Authority = issuer;
            options.Audience = "acme-api";
            options.RequireHttpsMetadata = false;
            options.MapInboundClaims = false;
        });
        builder.Services.AddAuthorizationBuilder().AddPolicy("superuser", policy => policy
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.User.FindFirst("realm_access")?.Value.Contains("\"superuser\"") is true));
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/health/live", () => Results.NoContent());
        app.MapGet("/protected", () => Results.NoContent()).RequireAuthorization("superuser");
        await app.RunAsync();
    }
}
