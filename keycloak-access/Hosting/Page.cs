namespace KeycloakAccess.Hosting;

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What the list holds.</typeparam>
/// <param name="Items">The rows, at most as many as <c>limit</c>.</param>
/// <param name="Next">The value of <c>after</c> that reads the next page; <see langword="null"/> on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
