using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Applications of this host that a proxy asks this service about: section <c>ForwardAuth</c>.</summary>
public sealed class ForwardAuthOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "ForwardAuth";

    /// <summary>
    /// Paths of this host, besides that of this service, that a sign-in may lead back to: <c>/shop</c>, with all that lies under it;
    /// <c>/</c> is the whole host.
    /// </summary>
    public IReadOnlyList<string> ReturnPaths { get; set; } = [];
}

internal sealed class ForwardAuthValidator : IValidateOptions<ForwardAuthOptions>
{
    public ValidateOptionsResult Validate(string? name, ForwardAuthOptions options)
    {
        var failures = options.ReturnPaths
            .Select((path, index) => (Path: path, Key: $"{ForwardAuthOptions.Section}:{nameof(ForwardAuthOptions.ReturnPaths)}:{index}"))
            .Where(each => LocalPath.Parse(each.Path) is null || each.Path.AsSpan().ContainsAny('?', '#'))
            .Select(each => $"{each.Key} is \"{each.Path}\". It must be a path of this host, as in /shop, without a host name or a query.")
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
