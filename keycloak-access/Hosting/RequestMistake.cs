namespace KeycloakAccess.Hosting;

/// <summary>
/// Why a request is not taken: by a field of its body, a query parameter, or the part of the request (<c>body</c>, <c>path</c>, a
/// header). The code is null where the status says enough.
/// </summary>
internal sealed record RequestMistake(int Status, string? Code, string Detail, IReadOnlyDictionary<string, string[]> Errors)
{
    public RequestMistake(int status, string? code, string part, string detail)
        : this(status, code, detail, Only(part, detail))
    {
    }

    /// <summary>Where it is no part of the request: what it says stands alone.</summary>
    public RequestMistake(int status, string? code, string detail)
        : this(status, code, detail, new Dictionary<string, string[]>(StringComparer.Ordinal))
    {
    }

    public static Dictionary<string, string[]> Only(string part, string mistake) => new(StringComparer.Ordinal) { [part] = [mistake] };

    /// <summary>Answers with it where every error is answered: as problem details, or as a page.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        context.Features.Set(this);
        context.Response.StatusCode = Status;
        return Task.CompletedTask;
    }
}
